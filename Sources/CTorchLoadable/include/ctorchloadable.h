// No functions of its own: see CTorchOperations, of which libunetrpp-torch consists.
