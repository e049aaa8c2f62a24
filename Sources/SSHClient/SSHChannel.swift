import CLibSSH
import Glibc

/// A session channel of libssh's. It must be gone before its session is; `BuilderConnection` sees to that.
struct SSHChannel: ~Copyable {
    private let handle: ssh_channel
    private let callbacks: UnsafeMutablePointer<ssh_channel_callbacks_struct>
    /// Filled by libssh's callbacks while it processes packets.
    private let fate = ChannelFate()

    init(adopting handle: ssh_channel) {
        self.handle = handle
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: ssh_channel_callbacks_struct())
        callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(fate).toOpaque()
        callbacks.pointee.channel_exit_status_function = { _, _, status, context in
            ChannelFate.of(context).status = status
        }
        callbacks.pointee.channel_exit_signal_function = { _, _, signal, _, _, _, context in
            ChannelFate.of(context).signal = signal.map { String(cString: $0) } ?? ""
        }
        callbacks.pointee.channel_close_function = { _, _, context in
            ChannelFate.of(context).isClosed = true
        }
        ssh_set_channel_callbacks(handle, callbacks)
    }

    deinit {
        // First: libssh would call them even after the channel has been freed.
        ssh_remove_channel_callbacks(handle, callbacks)
        ssh_channel_free(handle)
        callbacks.deallocate()
    }

    static func make(in session: borrowing SSHSession) throws(SSHClientError) -> SSHChannel {
        guard let handle = ssh_channel_new(session.handle) else {
            throw SSHClientError(.lost, "ssh_channel_new: \(session.lastError())")
        }
        return SSHChannel(adopting: handle)
    }

    func open() -> Step {
        SSHSession.step(ssh_channel_open_session(handle))
    }

    func requestTerminal(_ terminal: Terminal) -> Step {
        SSHSession.step(
            ssh_channel_request_pty_size(
                handle, terminal.type, CInt(terminal.size.columns), CInt(terminal.size.rows)))
    }

    /// Lets the builder open channels to the client's agent. There is no answer to wait for, so that a builder that lets
    /// nobody have an agent is none the worse.
    func requestAgent() {
        _ = ssh_channel_request_auth_agent(handle)
    }

    func setEnvironment(_ name: String, _ value: String) -> Step {
        SSHSession.step(ssh_channel_request_env(handle, name, value))
    }

    func startShell() -> Step {
        SSHSession.step(ssh_channel_request_shell(handle))
    }

    /// - Parameter command: any bytes but NUL.
    func start(command: [UInt8]) -> Step {
        let text = command.map { CChar(bitPattern: $0) } + [0]
        return SSHSession.step(ssh_channel_request_exec(handle, text))
    }

    func changeTerminalSize(_ size: TerminalSize) {
        _ = ssh_channel_change_pty_size(handle, CInt(size.columns), CInt(size.rows))
    }

    enum ReadResult: Equatable {
        case bytes(Int)
        /// Nothing there now.
        case nothing
        /// Nothing will ever come, or the session has failed: the fate and the session tell which.
        case end
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, standardError: Bool) -> ReadResult {
        let count = ssh_channel_read_nonblocking(
            handle, buffer.baseAddress, UInt32(buffer.count), standardError ? 1 : 0)
        return count > 0 ? .bytes(Int(count)) : count == 0 ? .nothing : .end
    }

    /// Whether the builder has ended both its streams and all of them has been read.
    var isAtEnd: Bool { ssh_channel_is_eof(handle) != 0 }

    /// Bytes that the builder is ready to receive.
    var window: Int { Int(ssh_channel_window_size(handle)) }

    /// Writes at most a window's worth. Nil: the channel is of no use any more.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
        let count = ssh_channel_write(handle, bytes.baseAddress, UInt32(bytes.count))
        return count < 0 ? nil : Int(count)
    }

    func currentFate() -> ChannelFate { fate }

    func sendEndOfFile() {
        _ = ssh_channel_send_eof(handle)
    }

    /// Says that nothing more is sent or read; the builder's answer closes the channel.
    func close() {
        _ = ssh_channel_close(handle)
    }
}

/// How the remote command ended, as far as the builder has said.
final class ChannelFate {
    var status: CInt?
    /// Without the `SIG` in front (RFC 4254 section 6.10).
    var signal: String?
    var isClosed = false

    var ending: RemoteEnding {
        if let status { return .exited(status: status) }
        if let signal { return .killed(signal: signal) }
        return .unknown
    }

    static func of(_ context: UnsafeMutableRawPointer?) -> ChannelFate {
        Unmanaged<ChannelFate>.fromOpaque(context!).takeUnretainedValue()
    }
}
