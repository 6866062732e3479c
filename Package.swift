// swift-tools-version: 6.2
import PackageDescription

/// Warnings are errors everywhere; language mode 6 is the tools version's default.
let strict: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let package = Package(
    name: "switchback",
    products: [
        .executable(name: "hub", targets: ["HubCommand"]),
        .executable(name: "arena", targets: ["arena"]),
        .executable(name: "link", targets: ["link"]),
        .library(name: "BackChannel", targets: ["BackChannel"]),
        .library(name: "FrontChannel", targets: ["FrontChannel"]),
        .library(name: "ChannelClient", targets: ["ChannelClient"]),
        .library(name: "State", targets: ["State"]),
    ],
    targets: [
        // C libraries, from Debian.
        .systemLibrary(name: "CUV", pkgConfig: "libuv", providers: [.apt(["libuv1-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CProcess"),

        // Pure: no sockets, no clocks, no dice.
        .target(name: "State", swiftSettings: strict),
        .target(name: "Core", dependencies: ["State", "CCrypto"], swiftSettings: strict),

        // The only I/O.
        .target(name: "Loop", dependencies: ["CUV"], swiftSettings: strict),

        // Thin shells and the public faces. Node is what every process of a cluster shares.
        .target(name: "Node", dependencies: ["Core", "Loop"], swiftSettings: strict),
        .target(name: "BackChannel", dependencies: ["State", "Core", "Loop", "Node"], swiftSettings: strict),
        .target(name: "FrontChannel", dependencies: ["State", "Core", "Loop", "Node"], swiftSettings: strict),
        .target(name: "ChannelClient", dependencies: ["State", "Core", "Loop", "Node"], swiftSettings: strict),
        .target(name: "Hub", dependencies: ["Core", "Loop", "CYAML", "CProcess"], swiftSettings: strict),
        .executableTarget(
            name: "HubCommand", dependencies: ["Hub", "FrontChannel", "ChannelClient"], swiftSettings: strict),

        // Examples.
        .executableTarget(
            name: "arena", dependencies: ["BackChannel"], path: "examples/arena", exclude: ["web"],
            swiftSettings: strict),
        .executableTarget(
            name: "link", dependencies: ["FrontChannel"], path: "examples/link", swiftSettings: strict),

        // Benchmarks: the product beside plain C doing the same. No product depends on these.
        .target(
            name: "CReferenceState", path: "Benchmarks/reference", sources: ["state.c"], publicHeadersPath: "include"),
        .target(
            name: "StateBenchmarks", dependencies: ["State", "CReferenceState"], path: "Benchmarks/state",
            swiftSettings: strict),

        // Tests.
        .target(name: "CAllocationCount", path: "Tests/AllocationCount"),
        .testTarget(
            name: "StateTests", dependencies: ["State", "StateBenchmarks", "CAllocationCount"], swiftSettings: strict),
        .testTarget(name: "CoreTests", dependencies: ["Core", "State"], swiftSettings: strict),
        .testTarget(name: "LoopTests", dependencies: ["Loop"], swiftSettings: strict),
    ]
)
