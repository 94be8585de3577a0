"""What all parts of budgets.yaml share: unknown keys are refused, and nothing is converted."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

BY_VALUE = Field(strict=False)  # strict validation would want the enum itself, which no file can hold


class Spec(BaseModel):
    """What all parts of the file share: unknown keys are refused, nothing is converted."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")  # `alerts:` with all below it commented out is left out, not wrong
    @classmethod
    def _without_empty_keys(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return {key: value for key, value in data.items() if value is not None or key not in known}
