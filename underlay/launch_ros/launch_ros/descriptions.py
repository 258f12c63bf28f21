"""Descriptions of parts of nodes."""

from launch._coverage import refuse_attributes

from .parameter_descriptions import ParameterFile, ParameterValue

__all__ = ["ParameterFile", "ParameterValue"]

__getattr__ = refuse_attributes(__name__)
