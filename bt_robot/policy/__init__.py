"""The link to a remote policy: profiles, wire formats, client, worker and the action plan."""
