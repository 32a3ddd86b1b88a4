"""The errors that handlers of dm-job raise."""


class ApplicationException(Exception):
    status = 500

    def __init__(self, message="The requested operation failed", debug="", data=None, status=None):
        super().__init__(f"{message}: {debug}" if debug else message)
        self.message = message
        self.debug = debug
        self.data = data
        if status is not None:
            self.status = status


class BadRequestException(ApplicationException):
    status = 400


class MissingPrivilegeException(ApplicationException):
    status = 403


class NotFoundException(ApplicationException):
    status = 404


class ValidationException(ApplicationException):
    status = 422


class NotImplementedException(ApplicationException):
    status = 501
