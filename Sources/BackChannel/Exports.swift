// What an application's rule is written with comes along with `import BackChannel`.
@_exported import State
@_exported import struct Core.Answered
@_exported import enum Core.AskAnswer
@_exported import struct Core.AskID
@_exported import struct Core.Bytes
@_exported import struct Core.ChannelSettings
@_exported import enum Core.DeadlineClass
@_exported import struct Core.Dice
@_exported import enum Core.Event
@_exported import enum Core.FrontSelection
@_exported import enum Core.Idle
@_exported import struct Core.Input
@_exported import enum Core.LeaveReason
@_exported import struct Core.Message
@_exported import enum Core.Overrun
@_exported import protocol Core.Processor
@_exported import struct Core.Rate
@_exported import struct Core.Request
@_exported import struct Core.Session
@_exported import struct Core.Tick
@_exported import struct Core.Work
