package import ConfigurationFile
package import Provider
import QEMU

extension Pool {
    /// The pool of this host's own virtual machines.
    package static func local(
        _ provider: any BuilderProvider, _ configuration: Configuration.Runner
    ) -> Pool {
        let pool = configuration.pools[Configuration.Runner.localPool] ?? .init()
        return Pool(
            Configuration.Runner.localPool, pool,
            max: pool.max ?? Slots.fitting(into: Slots.machineMemory, each: configuration.largestMemory),
            images: Images(
                folder: configuration.images, aliases: configuration.imageAliases,
                settings: configuration.imageSettings, memory: configuration.memory), provider: provider)
    }
}

extension QEMUSettings {
    /// - Parameters:
    ///   - folder: the state folder.
    ///   - identity: the runner's own key, which every builder accepts.
    ///   - authority: signs the host key of every builder.
    ///   - gateway: the account of this host's gateway; nil: there is none.
    init(
        _ configuration: Configuration.Runner, in folder: String, identity: KeyPair, authority: KeyPair,
        gateway: UInt32?
    ) {
        self.init(
            machines: "\(folder)/machines", sockets: Self.socketFolder(beside: configuration.socket),
            gateway: gateway, images: configuration.images,
            imageSettings: configuration.imageSettings.mapValues {
                Image(
                    memory: $0.memory, processors: $0.processors,
                    network: $0.network == .outbound ? .outbound : .none)
            }, memory: configuration.memory,
            accelerator: Accelerator(configuration.accelerator),
            namespace: configuration.isolation == .required ? .inherited : nil,
            outbound: OutboundLimits(
                denied: configuration.outbound.denied,
                connectionsPerSecond: configuration.outbound.connectionsPerSecond,
                bytes: configuration.outbound.bytes),
            authorizedKeys: [identity.publicKey] + configuration.gatewayKeys, identity: identity.path,
            authority: (authority.path, authority.publicKey))
    }

    /// `/run/sallyport/api.builders`, beside `api.sock`: where gateways reach the runner, they reach its builders.
    static func socketFolder(beside socket: String) -> String {
        "\(socket.hasSuffix(".sock") ? String(socket.dropLast(".sock".count)) : socket).builders"
    }
}

extension Accelerator {
    fileprivate init(_ configured: Configuration.Runner.Accelerator) {
        self =
            switch configured {
            case .automatic: .automatic
            case .kvm: .kvm
            case .tcg: .tcg
            }
    }
}
