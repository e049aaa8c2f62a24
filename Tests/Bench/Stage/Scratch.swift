import Foundation
import SystemPackage
import TestBed

/// The folder for temporary files, with the programs as they would be installed.
struct Scratch: Sendable {
    let folder: String
    /// Both outputs of the measured commands, unless they are needed.
    let streams: Child.Streams

    var programs: String { folder + "/programs" }
    var images: String { folder + "/images" }
    /// The error messages of the commands.
    private var errors: String { folder + "/errors" }

    /// The image that jobs name; it is empty.
    static let image = "loopback"
    /// The image with a `server` of its own.
    static let hostileImage = "hostile"
    /// The image whose builders are in a `network` of their own, a millisecond away.
    static let distantImage = "distant"

    private static let allImages = [image, hostileImage, distantImage]

    /// - Parameters:
    ///   - contenders: the folder with `hostile.py`.
    ///   - link: the program that carries packets with a delay.
    ///   - python: an interpreter that has paramiko.
    static func make(
        _ folder: String, programs: String, contenders: String, link: String, python: String
    ) async throws -> Scratch {
        if FileManager.default.fileExists(atPath: folder) {
            try FileManager.default.removeItem(atPath: folder)
        }
        for path in ["programs"] + allImages.map({ "images/\($0)" }) {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
        }
        // The runner starts nothing from an image without these.
        for image in allImages {
            for file in ["vmlinuz", "initramfs.cpio.gz"] {
                try Data().write(to: URL(filePath: "\(folder)/images/\(image)/\(file)"))
            }
        }
        let images = "\(folder)/images"
        for (program, script) in [
            ("\(images)/\(hostileImage)/server", "\(contenders)/hostile.py"),
            ("\(images)/\(distantImage)/network", link),
        ] {
            try "#!/bin/sh\nexec '\(python)' '\(script)' \"$@\"\n"
                .write(toFile: program, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        }
        let null = try FileDescriptor.open("/dev/null", .readWrite, options: .closeOnExec)
        let errors = try FileDescriptor.open(
            FilePath(folder + "/errors"), .writeOnly, options: [.create, .append, .closeOnExec],
            permissions: [.ownerReadWrite])
        let scratch = Scratch(
            folder: folder, streams: Child.Streams(input: null, output: null, errors: errors))
        for program in [
            "sallyport", "sallyport-bench", "sallyport-demo", "sallyport-dispatch", "sallyport-lookup",
            "sallyport-machine", "sallyport-runner", "sallyport-shell", "sallyport-slurm",
        ] {
            try await scratch.install("\(programs)/\(program)")
        }
        return scratch
    }

    /// Installs a program as `make install` does. How a file was written decides how its pages lie in memory, and with that
    /// a tenth of how long a small program takes: whoever is compared is installed in the same way.
    ///
    /// - Returns: where it is.
    @discardableResult
    func install(_ program: String) async throws -> String {
        let installed = try await Command.run([
            "install", "--strip", "--mode=0755", "--target-directory", programs, program,
        ])
        guard installed.status == 0 else { throw TestBedError("install failed", log: installed.description) }
        return "\(programs)/\(program.split(separator: "/").last ?? "")"
    }

    /// The last error messages of the commands.
    func lastErrors() -> String {
        let text = (try? String(contentsOfFile: errors, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").suffix(10).joined(separator: "\n")
    }
}
