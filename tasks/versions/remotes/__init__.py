"""Places versions are published to, one file per kind; `tasks.versions.remote` says what each must do."""
