"""Networks: functions of a task that return a `keras.Model`, each with its paper's layer table."""
