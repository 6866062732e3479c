// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors everywhere; language mode 6 is the tools version's default.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "switchback",
    products: [
        .executable(name: "hub", targets: ["HubCommand"]),
        .executable(name: "hub-rig", targets: ["hub-rig"]),
        .executable(name: "hub-simulate", targets: ["hub-simulate"]),
        .executable(name: "arena", targets: ["arena"]),
        .executable(name: "board", targets: ["board"]),
        .executable(name: "link", targets: ["link"]),
        .library(name: "BackChannel", targets: ["BackChannel"]),
        .library(name: "FrontChannel", targets: ["FrontChannel"]),
        .library(name: "ChannelClient", targets: ["ChannelClient"]),
        .library(name: "State", targets: ["State"]),
        .library(name: "Worker", targets: ["Worker"]),
    ],
    targets: [
        // C libraries, from Debian.
        .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CProcess"),
        .systemLibrary(name: "CHint"),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        // Pure: no sockets, no clocks, no dice.
        .target(name: "State", swiftSettings: strict),
        .target(name: "Core", dependencies: ["State", "CCrypto", "CHint"], swiftSettings: strict),

        // The only I/O.
        .target(name: "Loop", dependencies: ["CUV", "CHint"], swiftSettings: strict),

        // Whole clusters of the cores in one thread, from a seed: no sockets, no clock.
        .target(name: "Simulation", dependencies: ["State", "Core"], swiftSettings: strict),
        .executableTarget(
            name: "hub-simulate", dependencies: ["Simulation", "Core", "State"], path: "Sources/HubSimulate",
            swiftSettings: strict),

        // Page jobs: the queue's store on disk, and its simulator.
        .target(name: "Jobs", dependencies: ["Core", "State", "Loop", "CSQLite"], swiftSettings: strict),
        .target(name: "JobSimulation", dependencies: ["Core", "State"], swiftSettings: strict),

        // Thin shells and the public faces. Node is what every process of a cluster shares.
        .target(name: "Node", dependencies: ["State", "Core", "Loop"], swiftSettings: strict),
        .target(name: "BackChannel", dependencies: ["State", "Core", "Loop", "Node"], swiftSettings: strict),
        .target(name: "FrontChannel", dependencies: ["State", "Core", "Loop", "Node"], swiftSettings: strict),
        .target(name: "ChannelClient", dependencies: ["State", "Core", "Loop", "Node"], swiftSettings: strict),
        .target(
            name: "Worker", dependencies: ["State", "Core", "Loop", "Node", "FrontChannel"], swiftSettings: strict),
        .target(
            name: "Hub", dependencies: ["State", "Core", "Loop", "Jobs", "CYAML", "CProcess"], swiftSettings: strict),
        .executableTarget(
            name: "HubCommand",
            dependencies: ["Hub", "FrontChannel", "Bench", "Core", "Loop", "Node", "State", "Worker"],
            swiftSettings: strict),

        // Benchmarks: the harness, a command of its own for it, and what it is compared with.
        .target(
            name: "Bench",
            dependencies: [
                "State", "StateBenchmarks", "CReferenceIngest", "CReferenceJobs", "CCount", "Core", "Loop", "Node",
                "BackChannel", "FrontChannel", "Jobs",
            ],
            swiftSettings: strict),
        .executableTarget(name: "bench", dependencies: ["Bench"], path: "Benchmarks/bench", swiftSettings: strict),
        .target(name: "CCount", path: "Benchmarks/reference/count", publicHeadersPath: "include"),
        .target(name: "CReferenceIngest", path: "Benchmarks/reference/ingest", publicHeadersPath: "include"),
        .executableTarget(
            name: "fanout-reference", path: "Benchmarks/reference/fanout"),
        .executableTarget(
            name: "relay-reference", path: "Benchmarks/reference/relay"),
        .executableTarget(
            name: "lateness-reference", path: "Benchmarks/reference/lateness"),

        // The rig: real clusters under stress, with every promise watched. Its command does one thing after the other, on the
        // caller's executor.
        .target(
            name: "Rig", dependencies: ["State", "Core", "Loop", "Node", "BackChannel", "ChannelClient", "Worker"],
            swiftSettings: strict + [.enableUpcomingFeature("NonisolatedNonsendingByDefault")]),
        .executableTarget(name: "hub-rig", dependencies: ["Rig"], path: "Sources/RigCommand", swiftSettings: strict),

        // Examples. Targets name every module whose types they use, re-exported ones too: without that an incremental build
        // leaves their objects as they are when such a type changes its layout.
        .executableTarget(
            name: "arena", dependencies: ["BackChannel", "Core", "State"], path: "examples/arena", exclude: ["web"],
            swiftSettings: strict),
        .executableTarget(
            name: "board", dependencies: ["BackChannel", "FrontChannel", "Worker", "Core", "State"],
            path: "examples/board", exclude: ["web"], swiftSettings: strict),
        .executableTarget(
            name: "link", dependencies: ["FrontChannel", "State"], path: "examples/link", swiftSettings: strict),
        .executableTarget(
            name: "walk", dependencies: ["BackChannel", "Core", "State"], path: "examples/walk", exclude: ["web"],
            swiftSettings: strict),
        .executableTarget(
            name: "fog", dependencies: ["BackChannel", "Core", "State"], path: "examples/fog", exclude: ["web"],
            swiftSettings: strict),

        // Benchmarks: the state module beside plain C doing the same. Only the bench command and the tests depend on these.
        .target(name: "CReferenceState", path: "Benchmarks/reference/state", publicHeadersPath: "include"),
        .target(
            name: "CReferenceJobs", dependencies: ["CSQLite", "CCrypto"], path: "Benchmarks/reference/jobs",
            publicHeadersPath: "include"),
        .target(
            name: "StateBenchmarks", dependencies: ["State", "CReferenceState"], path: "Benchmarks/state",
            swiftSettings: strict),

        // Tests. The fixture is a back that does whatever the multi-process tests ask of it.
        .executableTarget(
            name: "fixture-back", dependencies: ["BackChannel", "Core", "State"], path: "Tests/Fixtures/Back",
            swiftSettings: strict),
        .executableTarget(
            name: "fixture-site", dependencies: ["BackChannel", "FrontChannel", "Worker", "Core", "State"],
            path: "Tests/Fixtures/Site", swiftSettings: strict),
        .testTarget(
            name: "ClusterTests", dependencies: ["Core", "State", "FrontChannel", "Node", "CProcess"],
            swiftSettings: strict),
        .target(name: "CAllocationCount", path: "Tests/AllocationCount"),
        .testTarget(
            name: "StateTests", dependencies: ["State", "StateBenchmarks", "CAllocationCount"], swiftSettings: strict),
        .target(name: "FuzzTargets", dependencies: ["State", "Core"], path: "Fuzz/Targets", swiftSettings: strict),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], swiftSettings: strict),
        .testTarget(
            name: "CoreTests", dependencies: ["Core", "State", "CAllocationCount"], swiftSettings: strict),
        .testTarget(name: "BackTests", dependencies: ["BackChannel", "Core", "State"], swiftSettings: strict),
        .testTarget(name: "ExampleTests", dependencies: ["BackChannel", "Core", "State"], swiftSettings: strict),
        .testTarget(
            name: "ClientTests", dependencies: ["ChannelClient", "Core", "State", "Loop", "Node"],
            swiftSettings: strict),
        .testTarget(name: "LoopTests", dependencies: ["Loop", "Simulation"], swiftSettings: strict),
        .target(name: "CPowerCut", path: "Tests/PowerCut", linkerSettings: [.linkedLibrary("dl")]),
        .executableTarget(
            name: "power-cut", dependencies: ["CPowerCut", "Core", "State", "Jobs", "JobSimulation"],
            path: "Tests/Fixtures/PowerCut", swiftSettings: strict),
        .testTarget(
            name: "JobTests", dependencies: ["Core", "State", "Jobs", "JobSimulation", "power-cut"],
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests", dependencies: ["Simulation", "Core", "State"], swiftSettings: strict),
        .testTarget(name: "HubTests", dependencies: ["Hub", "HubCommand", "Core", "Loop"], swiftSettings: strict),
        .testTarget(name: "RigTests", dependencies: ["Rig", "hub-rig", "Core", "State"], swiftSettings: strict),
        .testTarget(
            name: "BenchTests",
            dependencies: [
                "Bench", "bench", "fanout-reference", "relay-reference", "lateness-reference", "HubCommand",
                "CAllocationCount", "Loop",
            ],
            swiftSettings: strict),
    ]
)
