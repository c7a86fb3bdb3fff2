"""What would put findings right: changes that close many at once, as commands, Terraform or JSON. Runs nothing."""
