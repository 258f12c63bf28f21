"""Descriptions of parts of nodes."""

from .parameter_descriptions import ParameterFile as ParameterFile
from .parameter_descriptions import ParameterValue as ParameterValue
