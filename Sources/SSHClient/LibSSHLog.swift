import CLibSSH

/// Facts that libssh reports only in its log.
enum LibSSHLog {
    /// Runs `body` with the log on, and returns the last maximum packet size that the other side announced. Nil: none.
    ///
    /// The log belongs to the thread, and costs time for each packet, so use it only briefly.
    static func maximumPacket(in body: () -> Void) -> Int? {
        var size: Int?
        withUnsafeMutablePointer(to: &size) { size in
            ssh_set_log_userdata(size)
            ssh_set_log_callback { _, _, line, context in
                guard let line, let context else { return }
                let text = String(cString: line)
                guard text.contains("maxpacket : "), let last = text.split(separator: " ").last else {
                    return
                }
                context.assumingMemoryBound(to: Int?.self).pointee = Int(last)
            }
            ssh_set_log_level(CInt(SSH_LOG_FUNCTIONS))
            body()
            ssh_set_log_level(CInt(SSH_LOG_NOLOG))
            ssh_set_log_userdata(nil)
        }
        return size
    }
}
