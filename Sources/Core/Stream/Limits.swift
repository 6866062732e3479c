/// Every limit of the conversation, each with what it costs. The relations between them are checked by a test.
package enum Limits {
    /// A frame between nodes. One buffer of at most this size a trunk.
    package static let nodeFrameBytes = 8 << 20
    /// A frame of a peer that has not proved the cluster key yet.
    package static let handshakeFrameBytes = 4 << 10
    /// A frame or WebSocket message from a client.
    package static let clientFrameBytes = 256 << 10
    /// One input's data; leaves room for its frame.
    package static let inputBytes = clientFrameBytes - 64
    /// Inputs of one session that wait for their ack; the client stops sending there.
    package static let windowInputs = 256
    package static let windowBytes = 256 << 10
    /// Inputs of one session that one tick applies; the rest is carried over.
    package static let inputsPerSessionAndTick = 64
    /// What a channel's inbox holds before its link's credit stops. One buffer a channel.
    package static let inboxBytes = 8 << 20
    /// Refused input numbers that a grant remembers, 8 bytes each.
    package static let refusalsRemembered = 256
    /// A session that lost its connection waits this long.
    package static let detachedSession: Duration = .seconds(120)
    /// One whose page went away waits this long: enough for a reload, and a closed page's player is soon gone.
    package static let leavingSession: Duration = .seconds(5)
    /// What a front holds for a back that does not read.
    package static let trunkBacklogBytes = 32 << 20
    /// A trunk that holds more unsent bytes than this takes no inputs: the clients that fill it are not read. What is left is for
    /// what sessions need, and for a last batch of each link.
    package static let trunkInputBytes = 24 << 20
    /// Channels that one session reads. Each costs a member at the front and a session at the back.
    package static let readsPerSession = 64
    /// Sessions that one channel holds, detached ones included; about 400 bytes each.
    package static let sessionsPerChannel = 100_000
    /// Channels that one back process holds.
    package static let channelsPerBack = 10_000
    /// Messages that wait for a slow client beside its patches.
    package static let messagesPerClient = 64
    /// The data of one message.
    package static let messageBytes = inputBytes
    /// Messages that wait for one link's next tick end, and their bytes; the same for what one tick says without a link.
    package static let messagesPerLink = 4096
    package static let messageBytesPerLink = 4 << 20
    /// A channel for which more than this waits takes no messages; about 80 bytes each beside their data.
    package static let messagesPerInbox = 16_384
    /// What a client may say beside its inputs.
    package static let messagesPerSessionAndSecond = 200
    package static let messageBytesPerSessionAndSecond = 1 << 20
    /// A trunk that holds more unsent bytes than this gets squashed patches instead of each one.
    package static let congestedTrunkBytes = 1 << 20
    /// Answers (refusals, pongs, unknown channels) that wait for one client to read them.
    package static let owedBytes = 1 << 20
    /// A section larger than this travels in pieces.
    package static let sectionBytes = 256 << 10
    /// Bytes of inputs that a link may have under way unless its channel's `inboxCreditBytes` says more; given back as ticks take
    /// them in.
    package static let linkCreditBytes = 1 << 20
    /// A flush of more inputs than this is followed by a longer wait for company.
    package static let inputsOfShortFlush: UInt64 = 16
    /// Connections that one front holds; about 2 KiB each.
    package static let connectionsPerFront = 50_000
    /// Descriptors for which a front makes room beside those of its connections; 8 bytes of the kernel's each.
    package static let otherDescriptors = 1024
    /// Connections that have not proved anything yet, and how long they may take.
    package static let handshake: Duration = .seconds(5)
    package static let unprovenShare = 10
    package static let unprovenPerAddress = 64
    /// New connections of one address in a second, and how many it may bring at once. Loopback is free.
    package static let newPerAddressAndSecond = 200
    /// Connections beyond a full table that are taken only to be told 1013 with a time to come again; about 2 KiB each.
    package static let turnedAwayConnections = 256
    /// A link that a back does not answer.
    package static let linkAnswer: Duration = .seconds(5)
    /// How often a quiet peer is asked, and how long it has to answer.
    package static let pingPeriod: Duration = .seconds(20)
    package static let pongWait: Duration = .seconds(10)
    /// How often a process looks who is late, and from when on it was itself asleep: then everybody gets the time again.
    package static let sweepPeriod: Duration = .seconds(1)
    package static let asleep: Duration = .seconds(3)
    /// A grant that the old channel does not confirm revoked.
    package static let revocation: Duration = .seconds(5)
    /// A client that takes no byte.
    package static let slowClient: Duration = .seconds(120)
    /// Link and attach options, claims.
    package static let optionsBytes = 16 << 10
    package static let claimsPerSession = 32
    package static let familiesPerBack = 256
    package static let reasonBytes = 512
    /// Work that one channel submitted and the hub has not answered, about 300 bytes each, and what goes with all of it. Beyond
    /// them the rule is told no.
    package static let jobsPerOutbox = 1024
    package static let jobBytesPerOutbox = 4 << 20
    package static let jobPayloadBytes = 64 << 10
    /// Asks of one channel that have not ended, and the result that one may bring back.
    package static let asksPerChannel = 64
    package static let askResultBytes = 64 << 10
    /// Requests of one back that wait for the hub's answer; the others wait in their outboxes.
    package static let jobsUnanswered = 256
    /// A snapshot travels in pieces of this size.
    package static let pieceBytes = 32 << 10
    /// How much of a squash a front does in one turn of its loop: about a quarter of a millisecond.
    package static let squashSliceBytes = 64 << 10
    /// Connections that a front looks at in one turn of its loop, to see who is late: about a tenth of a millisecond.
    package static let sweptPerTurn = 512
    /// How much a front writes to its clients in one turn of its loop, about a millisecond: their bytes, and for each write what
    /// a system call takes as bytes would.
    package static let writeBytesPerTurn = 512 << 10
    package static let writeCostBytes = 6 << 10
    /// Bytes of state that a front sends to those who join in one turn of its loop: about half a millisecond. What is made for that
    /// counts as well.
    package static let joinBytesPerTurn = 512 << 10
    /// Clients that a front accepts in one turn of its loop: about two milliseconds, with what each is to be told until it is in.
    package static let acceptedPerTurn = 16
    /// What a front keeps of a channel's past: patches, and their bytes.
    package static let historyPatches = 256
    package static let historyBytes = 4 << 20
    /// The same for each audience beside everyone, of which a channel may have hundreds.
    package static let audiencePatches = 64
    package static let audienceBytes = 256 << 10
    /// Audiences that one session is in, beside everyone; 8 bytes each at the back, 32 at its front.
    package static let audiencesPerSession = 1024
    /// How long a link goes on with an audience that its last member has left.
    package static let audienceLinger: Duration = .seconds(10)
    /// How long an unused link is kept.
    package static let linkLinger: Duration = .seconds(2)
}
