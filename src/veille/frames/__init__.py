"""The frames of the strategy and of the workplan, one YAML each."""
