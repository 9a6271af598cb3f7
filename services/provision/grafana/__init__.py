"""Makes a Grafana match the boards and alerts in the code, through its HTTP API."""
