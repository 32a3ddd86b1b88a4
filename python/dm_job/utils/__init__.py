"""What handlers of dm-job import: utils.logging."""
