print("Waal")
