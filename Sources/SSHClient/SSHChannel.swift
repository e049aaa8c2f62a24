import CLibSSH
import Glibc

/// A libssh channel (RFC 4254 section 5). It keeps its session; its last reference frees it.
final class SSHChannel {
    let session: SSHSession
    /// How the remote program ended, as far as the builder has said; set while libssh processes packets.
    let fate: ChannelFate
    let handle: ssh_channel
    /// The largest packet that the builder takes, as far as is known. RFC 4253 section 6.1 makes everyone take 32 KiB.
    private(set) var maximumPacket = 32 << 10
    /// With a smaller packet, `write` would never return: libssh reserves ten bytes of it, and continues until
    /// everything has been sent.
    static let leastPacket = 64
    /// Must not move: libssh keeps the pointer.
    private let callbacks = UnsafeMutablePointer<ssh_channel_callbacks_struct>.allocate(capacity: 1)

    /// A channel that has not been opened.
    init(in session: SSHSession) throws(SSHClientError) {
        guard let handle = ssh_channel_new(session.handle) else {
            throw SSHClientError(.lost, "ssh_channel_new: \(session.lastError())")
        }
        self.session = session
        self.handle = handle
        fate = ChannelFate(in: session.traffic)
        callbacks.initialize(to: ssh_channel_callbacks_struct())
        callbacks.pointee.size = MemoryLayout<ssh_channel_callbacks_struct>.size
        callbacks.pointee.userdata = Unmanaged.passUnretained(fate).toOpaque()
        callbacks.pointee.channel_exit_status_function = { _, _, status, context in
            ChannelFate.of(context)?.program(.exited(status: status))
        }
        callbacks.pointee.channel_exit_signal_function = { _, _, signal, _, _, _, context in
            ChannelFate.of(context)?.program(.killed(signal: signal.map { String(cString: $0) } ?? ""))
        }
        // It takes nothing, so that libssh keeps everything.
        callbacks.pointee.channel_data_function = { _, _, _, length, _, context in
            ChannelFate.of(context)?.traffic.countData(length)
            return 0
        }
        callbacks.pointee.channel_close_function = { _, _, context in
            ChannelFate.of(context)?.channelClosed()
        }
        ssh_set_channel_callbacks(handle, callbacks)
    }

    deinit {
        // First, because libssh would call them even after the channel has been freed.
        ssh_remove_channel_callbacks(handle, callbacks)
        ssh_channel_free(handle)
        callbacks.deallocate()
    }

    // MARK: Requests, one at a time

    func open() -> Step {
        var result = SSH_ERROR
        let size = session.log.maximumPacket { result = ssh_channel_open_session(handle) }
        if let size { maximumPacket = size }
        return Step(result)
    }

    func requestTerminal(_ terminal: Terminal) -> Step {
        Step(
            ssh_channel_request_pty_size(
                handle, terminal.type, CInt(terminal.size.columns), CInt(terminal.size.rows)))
    }

    /// Lets the builder open channels to the client's agent. There is no answer to wait for, so a builder that does
    /// not allow agents works all the same.
    func requestAgent() {
        _ = ssh_channel_request_auth_agent(handle)
    }

    func setEnvironment(_ name: String, _ value: String) -> Step {
        Step(ssh_channel_request_env(handle, name, value))
    }

    func startShell() -> Step {
        Step(ssh_channel_request_shell(handle))
    }

    /// - Parameter command: any bytes but NUL.
    func start(command: [UInt8]) -> Step {
        let text = command.map { CChar(bitPattern: $0) } + [0]
        return Step(ssh_channel_request_exec(handle, text))
    }

    /// Do not call this while a request is pending: libssh would lose that request.
    func changeTerminalSize(_ size: TerminalSize) {
        _ = ssh_channel_change_pty_size(handle, CInt(size.columns), CInt(size.rows))
    }

    // MARK: Bytes

    enum ReadResult: Equatable {
        case bytes(Int)
        /// There is nothing now.
        case nothing
        /// Nothing more will arrive, or the session has failed: the fate and the session say which.
        case end
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, standardError: Bool) -> ReadResult {
        let count = ssh_channel_read_nonblocking(
            handle, buffer.baseAddress, UInt32(buffer.count), standardError ? 1 : 0)
        return count > 0 ? .bytes(Int(count)) : count == 0 ? .nothing : .end
    }

    /// Bytes that have arrived and have not been read.
    func waiting(standardError: Bool) -> Int {
        max(0, Int(ssh_channel_poll(handle, standardError ? 1 : 0)))
    }

    /// Whether the builder has ended both its streams, and everything in them has been read.
    var isAtEnd: Bool { ssh_channel_is_eof(handle) != 0 }

    /// Bytes that the builder is ready to receive.
    var window: Int { Int(ssh_channel_window_size(handle)) }

    /// Writes at most as much as the window allows. Nil: the channel can no longer be used.
    func write(_ bytes: UnsafeRawBufferPointer) -> Int? {
        // A second confirmation of the channel is refused, but the size of packets that it names is kept: see `leastPacket`.
        guard !session.hasDroppedPacket else { return nil }
        let count = ssh_channel_write(handle, bytes.baseAddress, UInt32(bytes.count))
        return count < 0 ? nil : Int(count)
    }

    func sendEndOfFile() {
        _ = ssh_channel_send_eof(handle)
    }

    /// Tells the builder that we neither send nor read any more; its answer closes the channel.
    func close() {
        _ = ssh_channel_close(handle)
    }
}
