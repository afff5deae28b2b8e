throw new Error("USERS_TABLE is not set");
