import CLibSSH

/// Facts about a session that libssh reports only in its log.
///
/// The log belongs to the thread: it tells the last one that has listened.
final class LibSSHLog {
    /// Whether the builder has sent more than its windows allow. libssh warns, and takes everything.
    private(set) var hasOverrun = false
    private var maximumPacket: Int?

    deinit {
        guard ssh_get_log_userdata() == Unmanaged.passUnretained(self).toOpaque() else { return }
        ssh_set_log_level(CInt(SSH_LOG_NOLOG))
        ssh_set_log_userdata(nil)
    }

    /// From now on, this object is told.
    func listen() {
        ssh_set_log_userdata(Unmanaged.passUnretained(self).toOpaque())
        ssh_set_log_callback { _, function, line, context in
            guard let function, let line, let context else { return }
            Unmanaged<LibSSHLog>.fromOpaque(context).takeUnretainedValue()
                .take(line, from: String(cString: function))
        }
        ssh_set_log_level(CInt(SSH_LOG_WARN))
    }

    /// Runs `body`, and returns the smallest maximum packet size with which the other side confirmed a channel. Nil:
    /// none.
    ///
    /// It costs time for each packet, so use it only briefly.
    func maximumPacket(in body: () -> Void) -> Int? {
        listen()
        maximumPacket = nil
        ssh_set_log_level(CInt(SSH_LOG_FUNCTIONS))
        body()
        ssh_set_log_level(CInt(SSH_LOG_WARN))
        return maximumPacket
    }

    /// Judges by the function, because other lines have words of the builder's in them.
    private func take(_ line: UnsafePointer<CChar>, from function: String) {
        switch function {
        case "channel_rcv_data":
            if String(cString: line).contains("too big for our window") { hasOverrun = true }
        case "ssh_packet_channel_open_conf":
            let text = String(cString: line)
            guard text.contains("maxpacket : "), let last = text.split(separator: " ").last,
                let announced = Int(last)
            else { return }
            maximumPacket = min(announced, maximumPacket ?? announced)
        default: break
        }
    }
}
