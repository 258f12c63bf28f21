"""Helpers for whatever may be written as text."""

from .substitutions import normalize_to_list_of_substitutions as normalize_to_list_of_substitutions
from .substitutions import perform_substitutions as perform_substitutions
