import CLinux
import Foundation
import Glibc

/// Held while a program is started, and while a descriptor is made which no program may have.
private let descriptors = NSLock()

/// accept(2); no program that is started has the descriptor.
func accept(from listener: CInt) -> CInt {
    descriptors.withLock {
        let descriptor = Glibc.accept(listener, nil, nil)
        if descriptor >= 0 { _ = sp_fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        return descriptor
    }
}

/// Starts a program with these descriptors as its standard input, output and error; nil: none was started.
///
/// - Parameter arguments: the program's path first.
func spawn(_ arguments: [String], _ input: CInt, _ output: CInt, _ errors: CInt) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in [input, output, errors].enumerated() {
        posix_spawn_file_actions_adddup2(&actions, descriptor, CInt(number))
    }
    // Of whoever runs the tests nothing is handed on: neither what is blocked nor what is ignored.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let error = descriptors.withLock {
        posix_spawn(&process, arguments[0], &actions, &attributes, words, sp_environment())
    }
    return error == 0 ? process : nil
}

/// Runs a program to its end; whether that was a success.
func succeeds(_ arguments: [String]) -> Bool {
    let nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)
    defer { close(nowhere) }
    guard let process = spawn(arguments, nowhere, nowhere, nowhere) else { return false }
    var status: CInt = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status == 0
}
