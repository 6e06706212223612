print("Waal, tested")
