import ArgumentParser
import World
import Glibc

struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Starts a gateway and a build service, and goes through a session.")

    @Option(help: "The folder with the programs.") var programs: String
    @Option(help: "The folder of builder images.") var images: String
    @Option(help: "The drop-in for sshd.") var dropIn: String

    func run() async throws {
        var settings = WorldSettings(
            programs: programs, images: images, dropIn: dropIn, people: ["alice", "bob", "mallory"],
            owner: getuid(), ownerGroup: getgid())
        settings.gateways = Gateway.allCases
        do {
        try await World.with(settings) { world in
            print(world.folder)
            print(try await world.run(["ps", "-ef"]))
            print(try await world.run(["ls", "-laR", "\(world.folder)"]))
            print(try await Command.run(world.ssh(["connect", "1"])))
            print(await world.logTails())
        }
        } catch let error as WorldError {
            print(error, error.log)
            throw ExitCode(1)
        }
    }
}
