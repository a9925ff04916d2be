"""Networks: functions that build a `keras.Model` for a task. Each has its paper's layer table."""
