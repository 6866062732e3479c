// What a client's author needs beside this module.
@_exported import State
@_exported import enum Core.InputOutcome
@_exported import enum Core.InputPace
@_exported import enum Core.UndecidedPolicy
