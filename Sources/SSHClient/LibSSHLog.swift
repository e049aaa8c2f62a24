import CLibSSH

/// Facts that libssh reports only in its log.
enum LibSSHLog {
    /// Runs `body` with the log on, and returns the smallest maximum packet size with which the other side confirmed a
    /// channel. Nil: none.
    ///
    /// The log belongs to the thread, and costs time for each packet, so use it only briefly.
    static func maximumPacket(in body: () -> Void) -> Int? {
        var size: Int?
        withUnsafeMutablePointer(to: &size) { size in
            ssh_set_log_userdata(size)
            ssh_set_log_callback { _, function, line, context in
                // Only of this function: in other lines are words of the other side's.
                guard let function, let line, let context,
                    String(cString: function) == "ssh_packet_channel_open_conf"
                else { return }
                let text = String(cString: line)
                guard text.contains("maxpacket : "), let last = text.split(separator: " ").last,
                    let announced = Int(last)
                else { return }
                let size = context.assumingMemoryBound(to: Int?.self)
                size.pointee = min(announced, size.pointee ?? announced)
            }
            ssh_set_log_level(CInt(SSH_LOG_FUNCTIONS))
            body()
            ssh_set_log_level(CInt(SSH_LOG_NOLOG))
            ssh_set_log_userdata(nil)
        }
        return size
    }
}
