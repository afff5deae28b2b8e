raise ValueError("USERS_TABLE is not set")
