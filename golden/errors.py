"""What is wrong with what a user gives."""


class ConfigError(ValueError):
    """A chip file or an override is wrong; the text is one sentence that says where and how."""
