// swift-tools-version: 6.2

import PackageDescription

/// What holds for every Swift target: strict about existentials and about what an import makes public.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// Tests see what is internal in a release build, too: what they test are the programs that are installed.
let settings = strict + [.unsafeFlags(["-enable-testing"], .when(configuration: .release))]

/// Tests themselves are not worth an optimiser's time.
let testSettings = strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// What sshd starts for every key that is offered is Embedded Swift: no runtime, so nothing happens before its first line.
/// It is compiled as a whole, and its standard library is not among the static ones.
let embedded =
    strict + [
        .enableExperimentalFeature("Embedded"),
        .unsafeFlags(["-wmo", "-parse-as-library", "-no-static-stdlib"]),
    ]

/// Programs carry the Swift runtime with them. Both the compiler and the linker must know.
let staticStandardLibrary = ["-static-stdlib"]
let programSettings = settings + [.unsafeFlags(staticStandardLibrary)]

/// What FoundationEssentials needs besides itself when it is linked statically; only an import in the program's own
/// target would name these to the linker.
let foundationEssentials = ["-l_FoundationCollections", "-l_FoundationCShims", "-lswiftSynchronization"]

/// The same for Foundation, in the order in which the linker looks for what is missing.
let foundation =
    [
        "-lFoundation", "-lFoundationInternationalization", "-lFoundationEssentials", "-lCoreFoundation",
        "-l_FoundationICU",
    ] + foundationEssentials + ["-lswift_RegexParser", "-lstdc++"]

/// How programs are linked that are no small ones.
let programLinking: [LinkerSetting] = [.unsafeFlags(staticStandardLibrary + foundation)]

let package = Package(
    name: "sallyport",
    products: [
        .executable(name: "sallyport-dispatch", targets: ["sallyport-dispatch"]),
        .executable(name: "sallyport-lookup", targets: ["sallyport-lookup"]),
        .executable(name: "sallyport-shell", targets: ["sallyport-shell"]),
        .executable(name: "sallyport-runner", targets: ["sallyport-runner"]),
        .executable(name: "sallyport", targets: ["sallyport"]),
        .executable(name: "sallyport-hosts", targets: ["sallyport-hosts"]),
        .executable(name: "sallyport-resalloc", targets: ["sallyport-resalloc"]),
        .executable(name: "sallyport-slurm", targets: ["sallyport-slurm"]),
        .executable(name: "sallyport-machine", targets: ["sallyport-machine"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/LebJe/TOMLKit", exact: "0.6.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
    ],
    targets: [
        // The three small programs, which sshd starts for every login.
        .executableTarget(
            name: "sallyport-dispatch",
            dependencies: ["CLinux", "EmbeddedAuthorizedKeys", "EmbeddedVersion"],
            path: "Sources/Programs/sallyport-dispatch",
            swiftSettings: embedded,
            linkerSettings: [.unsafeFlags(["-static-executable"])]),
        .executableTarget(
            name: "sallyport-lookup",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "CLinux", "CNoAccounts", "ConfigurationFile", "KeyLookup",
                "Presentation", "SocketClient", "Version",
            ],
            path: "Sources/Programs/sallyport-lookup",
            swiftSettings: programSettings,
            linkerSettings: [.unsafeFlags(["-static-executable"] + foundationEssentials)]),
        .executableTarget(
            name: "sallyport-shell",
            dependencies: ["AuthorizedKeys", "Gateway", "Version"],
            path: "Sources/Programs/sallyport-shell",
            swiftSettings: programSettings,
            linkerSettings: [.unsafeFlags(staticStandardLibrary + foundationEssentials)]),

        // What they are made of.
        .target(name: "AuthorizedKeys", path: "Sources/Core/AuthorizedKeys", swiftSettings: settings),
        // The same files once more (symbolic links), for the dispatcher: a target is compiled in one way only.
        .target(
            name: "EmbeddedAuthorizedKeys", path: "Sources/Core/EmbeddedAuthorizedKeys",
            swiftSettings: embedded),
        .target(
            name: "KeyForms", dependencies: ["AuthorizedKeys"], path: "Sources/Core/KeyForms",
            swiftSettings: settings),
        .target(
            name: "BuildAPI", dependencies: ["AuthorizedKeys"],
            path: "Sources/Core/BuildAPI",
            swiftSettings: settings),
        .target(
            name: "Version", dependencies: ["CLinux"], path: "Sources/Core/Version", swiftSettings: settings),
        .target(
            name: "EmbeddedVersion", dependencies: ["CLinux"], path: "Sources/Core/EmbeddedVersion",
            swiftSettings: embedded),
        .target(
            name: "Presentation", dependencies: ["BuildAPI"], path: "Sources/Core/Presentation",
            swiftSettings: settings),
        .target(
            name: "Policy", dependencies: ["BuildAPI"],
            path: "Sources/Core/Policy", swiftSettings: settings),
        .target(
            name: "Audit", dependencies: ["AuthorizedKeys", "BuildAPI", "Presentation"],
            path: "Sources/Core/Audit",
            swiftSettings: settings),
        .target(
            name: "AuditLog",
            dependencies: ["Audit", "CLinux", "ConfigurationFile", "Presentation", "Version"],
            path: "Sources/Platform/AuditLog", swiftSettings: settings),
        .target(
            name: "PrometheusMetrics", path: "Sources/Core/PrometheusMetrics", swiftSettings: settings),
        .target(
            name: "CommandGrammar", dependencies: ["BuildAPI"],
            path: "Sources/Core/CommandGrammar",
            swiftSettings: settings),
        .target(
            name: "EventLoop", dependencies: ["CLimits", "CLinux"],
            path: "Sources/Platform/EventLoop",
            swiftSettings: settings),
        .target(
            name: "ConfigurationFile",
            dependencies: ["BuildAPI", "TOMLKit"],
            path: "Sources/Platform/ConfigurationFile",
            swiftSettings: settings),
        .target(
            name: "Connections", dependencies: ["CLinux"], path: "Sources/Platform/Connections",
            swiftSettings: settings),
        .target(
            name: "CounterFile", dependencies: ["CLinux"], path: "Sources/Platform/CounterFile",
            swiftSettings: settings),
        .target(
            name: "HelperPrograms",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/Platform/HelperPrograms",
            swiftSettings: settings),
        .target(
            name: "KeyLookup",
            dependencies: ["AuthorizedKeys", "CLinux", "ConfigurationFile", "CounterFile"],
            swiftSettings: settings),
        .target(
            name: "SocketClient",
            dependencies: ["AuthorizedKeys", "BuildAPI", "ConfigurationFile", "Connections"],
            path: "Sources/ServiceClient/Socket",
            swiftSettings: settings),
        .target(
            name: "ServiceClient",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "CCurl", "ConfigurationFile", "Connections", "EventLoop",
            ],
            path: "Sources/ServiceClient/Sallyport",
            swiftSettings: settings),
        .target(
            name: "SourcehutClient",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "CLinux", "EventLoop", "ServiceClient",
            ],
            path: "Sources/ServiceClient/Sourcehut",
            swiftSettings: settings),
        .target(
            name: "SSHClient",
            dependencies: ["BuildAPI", "CLibSSH", "CLinux", "Connections", "EventLoop"],
            swiftSettings: settings),
        .target(
            name: "Gateway",
            dependencies: [
                "Audit", "AuditLog", "AuthorizedKeys", "BuildAPI", "CLimits", "CLinux", "CProcesses",
                "CommandGrammar", "ConfigurationFile",
                "Connections", "CounterFile",
                "EventLoop", "KeyForms", "KeyLookup", "Policy", "Presentation", "SSHClient", "ServiceClient",
                "ShownLogs", "SourcehutClient",
                "Version",
            ],
            swiftSettings: settings),

        .target(
            name: "ShownLogs", dependencies: ["BuildAPI", "EventLoop", "Presentation", "ServiceClient"],
            swiftSettings: settings),

        // The embedded build service and the operator's tool.
        .executableTarget(
            name: "sallyport-runner",
            dependencies: [
                "BuilderSocket", "ConfigurationFile", "Presentation", "Runner", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Programs/sallyport-runner",
            swiftSettings: programSettings,
            linkerSettings: programLinking),
        .executableTarget(
            name: "sallyport",
            dependencies: [
                "Audit", "AuditReading", "AuthorizedKeys", "BuildAPI", "Check", "CommandGrammar",
                "ConfigurationFile", "Conformance", "EventLoop", "GatewayMetrics",
                "KeyForms", "Presentation", "ServiceClient", "ShownLogs", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Tools/sallyport",
            swiftSettings: programSettings,
            linkerSettings: programLinking),
        .target(
            name: "AuditReading",
            dependencies: ["Audit", "AuditLog", "ConfigurationFile", "HelperPrograms", "Presentation"],
            path: "Sources/Tools/AuditReading", swiftSettings: settings),
        .target(
            name: "Check",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "ConfigurationFile", "EventLoop", "Gateway", "HelperPrograms",
                "KeyLookup", "Presentation", "ServiceClient",
            ],
            path: "Sources/Tools/Check",
            swiftSettings: settings),
        .target(
            name: "GatewayMetrics",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "ConfigurationFile", "CounterFile", "EventLoop", "Gateway",
                "KeyLookup", "PrometheusMetrics", "ServiceClient", "Version",
            ],
            path: "Sources/Tools/GatewayMetrics",
            swiftSettings: settings),
        .target(
            name: "Conformance",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "CCurl", "Connections", "Presentation", "ServiceClient",
            ],
            path: "Sources/Tools/Conformance",
            swiftSettings: settings),
        .target(
            name: "Runner",
            dependencies: [
                "Audit", "AuditLog", "AuthorizedKeys", "BuildAPI", "BuilderSocket", "CArchive", "CLinux",
                "CommandBuilders", "ConfigurationFile",
                "Connections",
                "HelperPrograms", "KeyForms", "Policy", "Presentation", "PrometheusMetrics", "Provider",
                "QEMU",
                "TaskChannel", "Version", "Yams",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        // What allocator programs are asked and answer, what those that come with Sallyport share, and these.
        .target(
            name: "AllocatorProtocol", path: "Sources/Builders/Allocator", swiftSettings: settings),
        .target(
            name: "AllocatorPrograms",
            dependencies: [
                "AllocatorProtocol", "BuildAPI", "ConfigurationFile", "HelperPrograms", "Presentation",
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            path: "Sources/Builders/AllocatorPrograms",
            swiftSettings: settings),
        .target(
            name: "Hosts",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "AuthorizedKeys", "BuildAPI", "ConfigurationFile",
                "Connections", "HelperPrograms", "Presentation",
            ],
            path: "Sources/Builders/Hosts",
            swiftSettings: settings),
        .executableTarget(
            name: "sallyport-hosts",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "ConfigurationFile", "Hosts", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Programs/sallyport-hosts",
            swiftSettings: programSettings,
            linkerSettings: programLinking),
        .target(
            name: "Resalloc",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "AuthorizedKeys", "BuildAPI", "ConfigurationFile",
                "Connections", "HelperPrograms", "Provider", "Yams",
            ],
            path: "Sources/Builders/Resalloc",
            swiftSettings: settings),
        .executableTarget(
            name: "sallyport-resalloc",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "ConfigurationFile", "Resalloc", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Programs/sallyport-resalloc",
            swiftSettings: programSettings,
            linkerSettings: programLinking),
        .target(
            name: "NodeOrder", path: "Sources/Builders/NodeOrder", swiftSettings: settings),
        .target(
            name: "Slurm",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "AuthorizedKeys", "BuildAPI", "ConfigurationFile",
                "Connections", "HelperPrograms", "NodeOrder", "Provider",
            ],
            path: "Sources/Builders/Slurm",
            swiftSettings: settings),
        .executableTarget(
            name: "sallyport-slurm",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "ConfigurationFile", "Slurm", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Programs/sallyport-slurm",
            swiftSettings: programSettings,
            linkerSettings: programLinking),
        .target(
            name: "NodeMachine",
            dependencies: [
                "AllocatorPrograms", "BuildAPI", "HelperPrograms", "NodeOrder", "Provider", "QEMU",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/Builders/NodeMachine",
            swiftSettings: settings),
        .executableTarget(
            name: "sallyport-machine",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "NodeMachine", "NodeOrder", "Version",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/Programs/sallyport-machine",
            swiftSettings: programSettings,
            linkerSettings: programLinking),
        .target(
            name: "CommandBuilders",
            dependencies: [
                "AllocatorProtocol", "AuthorizedKeys", "BuildAPI", "ConfigurationFile", "Connections",
                "HelperPrograms", "Provider", "TaskChannel",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/Builders/Command",
            resources: [.embedInCode("Scripts")],
            swiftSettings: settings),
        .target(
            name: "BuilderSocket",
            dependencies: ["CLinux", "CProcesses", "Connections", "EventLoop"],
            path: "Sources/Builders/Socket",
            swiftSettings: settings),
        .target(
            name: "Provider", dependencies: ["BuildAPI"], path: "Sources/Builders/Provider",
            swiftSettings: settings),
        .target(
            name: "TaskChannel",
            dependencies: [
                "BuildAPI", "BuilderSocket", "Connections", "HelperPrograms", "Provider",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/Builders/TaskChannel",
            swiftSettings: settings),
        .target(
            name: "QEMU",
            dependencies: [
                "BuildAPI", "BuilderSocket", "HelperPrograms", "Presentation", "Provider", "TaskChannel",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Sources/Builders/QEMU",
            swiftSettings: settings),

        // C, behind one wall each.
        .systemLibrary(
            name: "CLibSSH", path: "Sources/Platform/CLibSSH", pkgConfig: "libssh",
            providers: [.apt(["libssh-dev"])]),
        .systemLibrary(
            name: "CCurl", path: "Sources/Platform/CCurl", pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(
            name: "CArchive", path: "Sources/Platform/CArchive", pkgConfig: "libarchive",
            providers: [.apt(["libarchive-dev"])]),
        .target(name: "CLinux", path: "Sources/Platform/CLinux"),
        .target(name: "CLimits", path: "Sources/Platform/CLimits"),
        .target(
            name: "CProcesses", dependencies: ["CLinux"], path: "Sources/Platform/CProcesses"),
        .target(name: "CNoAccounts", path: "Sources/Platform/CNoAccounts"),

        // The whole thing on one machine, for `make demo`, `make bench` and the end-to-end tests.
        .executableTarget(
            name: "sallyport-demo",
            dependencies: [
                "TestBed",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Demo",
            swiftSettings: testSettings),
        .executableTarget(
            name: "sallyport-audit-writer", dependencies: ["Audit", "AuditLog"], path: "Tests/AuditWriter",
            swiftSettings: testSettings),
        .executableTarget(
            name: "sallyport-bench",
            dependencies: [
                "BuildAPI", "CLinux", "ConfigurationFile", "Provider", "QEMU", "Runner", "TaskChannel",
                "TestBed",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Bench",
            exclude: ["Contenders", "Distance"],
            swiftSettings: settings),
        .target(
            name: "TestBed",
            dependencies: [
                "CLinux",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/TestBed",
            swiftSettings: settings),

        .testTarget(
            name: "VersionTests", dependencies: ["TestSupport", "Version"],
            path: "Tests/Unit/Version",
            swiftSettings: testSettings),
        .testTarget(
            name: "AuthorizedKeysTests", dependencies: ["AuthorizedKeys"],
            path: "Tests/Unit/AuthorizedKeys",
            swiftSettings: testSettings),
        .testTarget(
            name: "CheckTests", dependencies: ["AuthorizedKeys", "Check", "HelperPrograms", "Presentation"],
            path: "Tests/Unit/Check",
            swiftSettings: testSettings),
        .testTarget(
            name: "PrometheusMetricsTests",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "ConfigurationFile", "CounterFile", "EventLoop", "Gateway",
                "GatewayMetrics", "KeyLookup",
                "PrometheusMetrics", "Runner", "ServiceClient", "TestSupport", "Yams",
            ],
            path: "Tests/Unit/PrometheusMetrics",
            swiftSettings: testSettings),
        .testTarget(
            name: "KeyFormsTests", dependencies: ["AuthorizedKeys", "KeyForms"], path: "Tests/Unit/KeyForms",
            swiftSettings: testSettings),
        .testTarget(
            name: "CommandGrammarTests", dependencies: ["BuildAPI", "CommandGrammar"],
            path: "Tests/Unit/CommandGrammar", swiftSettings: testSettings),
        .target(
            name: "TestSupport", dependencies: ["CLinux", "EventLoop"],
            path: "Tests/Unit/Support",
            swiftSettings: testSettings),
        .systemLibrary(
            name: "COpenSSL", path: "Tests/Unit/COpenSSL", pkgConfig: "libcrypto",
            providers: [.apt(["libssl-dev"])]),
        .testTarget(
            name: "SSHClientTests",
            dependencies: [
                "BuildAPI", "CLibSSH", "CLimits", "CLinux", "COpenSSL", "Connections", "EventLoop",
                "SSHClient", "TestSupport",
            ],
            path: "Tests/Unit/SSHClient",
            swiftSettings: testSettings),
        .testTarget(
            name: "EventLoopTests", dependencies: ["CLinux", "EventLoop", "TestSupport"],
            path: "Tests/Unit/EventLoop",
            swiftSettings: testSettings),
        .testTarget(
            name: "BenchTests", dependencies: ["sallyport-bench"], path: "Tests/Unit/Bench",
            swiftSettings: testSettings),
        .testTarget(
            name: "AuditTests", dependencies: ["Audit", "BuildAPI", "TestSupport"], path: "Tests/Unit/Audit",
            swiftSettings: testSettings),
        .testTarget(
            name: "AuditLogTests", dependencies: ["Audit", "AuditLog"], path: "Tests/Unit/AuditLog",
            swiftSettings: testSettings),
        .testTarget(
            name: "AuditReadingTests",
            dependencies: ["Audit", "AuditLog", "AuditReading", "ConfigurationFile"],
            path: "Tests/Unit/AuditReading", swiftSettings: testSettings),
        .testTarget(
            name: "PresentationTests", dependencies: ["BuildAPI", "Presentation"],
            path: "Tests/Unit/Presentation", swiftSettings: testSettings),
        .testTarget(
            name: "PolicyTests", dependencies: ["BuildAPI", "Policy"],
            path: "Tests/Unit/Policy",
            swiftSettings: testSettings),
        .testTarget(
            name: "BuildAPITests", dependencies: ["BuildAPI"],
            path: "Tests/Unit/BuildAPI",
            swiftSettings: testSettings),
        .testTarget(
            name: "ConnectionsTests", dependencies: ["Connections", "TestSupport"],
            path: "Tests/Unit/Connections",
            swiftSettings: testSettings),
        .testTarget(
            name: "CLinuxTests", dependencies: ["CLinux", "TestSupport"],
            path: "Tests/Unit/CLinux",
            swiftSettings: testSettings),
        .testTarget(
            name: "ServiceClientTests",
            dependencies: [
                "BuildAPI", "EventLoop", "ServiceClient", "TestSupport", "Yams",
            ],
            path: "Tests/Unit/ServiceClient",
            swiftSettings: testSettings),
        .testTarget(
            name: "KeyLookupTests",
            dependencies: ["AuthorizedKeys", "ConfigurationFile", "KeyLookup"],
            path: "Tests/Unit/KeyLookup",
            swiftSettings: testSettings),
        .testTarget(
            name: "SocketClientTests",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "ConfigurationFile", "SocketClient", "TestSupport",
            ],
            path: "Tests/Unit/SocketClient",
            swiftSettings: testSettings),
        .testTarget(
            name: "SourcehutClientTests",
            dependencies: ["BuildAPI", "EventLoop", "ServiceClient", "SourcehutClient", "TestSupport"],
            path: "Tests/Unit/SourcehutClient",
            swiftSettings: testSettings),
        .testTarget(
            name: "ConfigurationFileTests", dependencies: ["BuildAPI", "ConfigurationFile", "TestSupport"],
            path: "Tests/Unit/ConfigurationFile", swiftSettings: testSettings),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Audit",
                "AuthorizedKeys", "BuildAPI", "CLimits", "CLinux", "CProcesses", "CommandGrammar",
                "ConfigurationFile", "CounterFile", "EventLoop", "Gateway", "Policy", "Presentation",
                "SSHClient",
                "ServiceClient", "ShownLogs", "TestSupport",
            ],
            path: "Tests/Unit/Gateway",
            swiftSettings: testSettings),
        .testTarget(
            name: "ShownLogsTests", dependencies: ["BuildAPI", "ShownLogs"], path: "Tests/Unit/ShownLogs",
            swiftSettings: testSettings),
        .testTarget(
            name: "RunnerTests",
            dependencies: [
                "Audit", "AuthorizedKeys", "BuildAPI", "ConfigurationFile", "KeyForms", "Policy",
                "PrometheusMetrics",
                "Provider",
                "ProviderSuite", "QEMU", "Runner", "TaskChannel", "TestSupport",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Unit/Runner",
            swiftSettings: testSettings),
        .testTarget(
            name: "ConformanceTests",
            dependencies: [
                "AuthorizedKeys", "BuildAPI", "Conformance", "ServiceClient",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            path: "Tests/Unit/Conformance",
            swiftSettings: testSettings),
        .testTarget(
            name: "HelperProgramsTests", dependencies: ["HelperPrograms", "TestSupport"],
            path: "Tests/Unit/HelperPrograms", swiftSettings: testSettings),
        .testTarget(
            name: "CommandBuildersTests",
            dependencies: [
                "AllocatorProtocol", "BuildAPI", "CommandBuilders", "HelperPrograms", "Provider",
                "TaskChannel",
                "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/Unit/CommandBuilders", swiftSettings: testSettings),
        .testTarget(
            name: "AllocatorProgramsTests",
            dependencies: ["AllocatorPrograms", "AllocatorProtocol", "ConfigurationFile"],
            path: "Tests/Unit/AllocatorPrograms", swiftSettings: testSettings),
        .testTarget(
            name: "HostsTests",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "BuildAPI", "ConfigurationFile", "Hosts",
                "TestSupport",
            ],
            path: "Tests/Unit/Hosts", swiftSettings: testSettings),
        .testTarget(
            name: "ResallocTests",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "ConfigurationFile", "HelperPrograms", "Resalloc",
                "TestSupport",
            ],
            path: "Tests/Unit/Resalloc", swiftSettings: testSettings),
        .testTarget(
            name: "SlurmTests",
            dependencies: [
                "AllocatorPrograms", "AllocatorProtocol", "BuildAPI", "ConfigurationFile", "HelperPrograms",
                "NodeOrder", "Slurm",
                "TestSupport",
            ],
            path: "Tests/Unit/Slurm", swiftSettings: testSettings),
        .testTarget(
            name: "NodeMachineTests",
            dependencies: ["AllocatorPrograms", "NodeMachine", "NodeOrder", "QEMU", "TestSupport"],
            path: "Tests/Unit/NodeMachine", swiftSettings: testSettings),
        .testTarget(
            name: "BuilderSocketTests",
            dependencies: ["BuilderSocket", "CLinux", "Connections", "EventLoop", "TestSupport"],
            path: "Tests/Unit/BuilderSocket",
            swiftSettings: testSettings),
        .testTarget(
            name: "QEMUTests",
            dependencies: ["BuildAPI", "BuilderSocket", "Provider", "QEMU", "TaskChannel", "TestSupport"],
            path: "Tests/Unit/QEMU", swiftSettings: testSettings),
        .target(
            name: "ProviderSuite", dependencies: ["BuildAPI", "Provider"], path: "Tests/ProviderSuite",
            swiftSettings: testSettings),
        .testTarget(
            name: "TaskChannelTests",
            dependencies: [
                "BuildAPI", "HelperPrograms", "Provider", "TaskChannel", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/Unit/TaskChannel", swiftSettings: testSettings),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "BuildAPI", "CommandBuilders", "HelperPrograms", "Provider", "ProviderSuite", "QEMU",
                "TaskChannel", "TestBed", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            path: "Tests/EndToEnd",
            swiftSettings: testSettings),
    ],
    swiftLanguageModes: [.v6]
)
