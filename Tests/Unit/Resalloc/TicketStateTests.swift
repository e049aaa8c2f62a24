import Testing

@testable import Resalloc

@Suite("What the client says of a ticket") struct TicketStateTests {
    private let open = "ticket is still not processed\n"

    @Test("the state is in its status and its lines")
    func states() {
        let address = Array("192.0.2.7\n".utf8)
        for (status, output, errors, state) in [
            (0, address, "", TicketState.ready(address)), (1, [], open, .open),
            (1, [], "WARNING: non-existing ticket\n" + open, .missing),
            (1, [], "WARNING: already closed ticket\n" + open, .closed),
            (1, address, "WARNING: already closed ticket\n", .closed),
            (1, address, "WARNING: assigned resource failed\n", .failed),
            (0, Array("OPEN\n".utf8) + address, "", .ready(address)), (1, Array("OPEN\n".utf8), "", .open),
            (1, Array("FAILED\n".utf8) + address, "", .failed),
            (0, Array("CLOSED\n".utf8) + address, "", .closed),
            (1, [], "Traceback (most recent call last):\nOSError\n", nil), (1, address, "", nil),
        ] as [(Int32, [UInt8], String, TicketState?)] {
            #expect(TicketState(status: status, output: output, errors: errors) == state, "\(errors)")
        }
    }

    @Test("which complaints say that the server is away, and which that it has done nothing")
    func complaints() {
        for (line, hasNoServer, isHarmless) in [
            ("ConnectionRefusedError: [Errno 111] Connection refused", true, true),
            ("socket.gaierror: [Errno -2] Name or service not known", true, true),
            ("OSError: [Errno 113] No route to host", true, true),
            ("ConnectionResetError: [Errno 104] Connection reset by peer", true, false),
            ("http.client.RemoteDisconnected: Remote end closed connection without response", true, false),
            ("xmlrpc.client.ProtocolError: <ProtocolError for h/RPC2: 502 Bad Gateway>", true, false),
            ("xmlrpc.client.Fault: <Fault 1: \"<class 'OperationalError'>:locked\">", false, false),
            ("resalloc ticket: error: the following arguments are required: --tag", false, true),
            ("timeout: failed to run command '/usr/bin/resalloc': No such file or directory", false, true),
            ("", false, false),
        ] {
            let complaint = ClientComplaint("Traceback (most recent call last):\n  File\n\(line)\n")
            let expected = line.isEmpty ? ClientComplaint("") : complaint
            #expect(expected.hasNoServer == hasNoServer && expected.isHarmless == isHarmless, "\(line)")
        }
    }
}
