"""What handlers of dm-job import: restful.exceptions."""
