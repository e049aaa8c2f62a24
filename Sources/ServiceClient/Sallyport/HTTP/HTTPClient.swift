package import BuildAPI
import CCurl
package import EventLoop

/// libcurl's multi interface on the event loop: any number of exchanges at once, on one thread.
package final class HTTPClient {
    let loop: EventLoop
    private let endpoint: Endpoint
    private let transport: Transport
    private let multi: UnsafeMutableRawPointer
    private var transfers: [ObjectIdentifier: HTTPTransfer] = [:]
    private var watches: [curl_socket_t: Watch] = [:]
    private var timer: Timer?
    /// True while libcurl calls back: handles can be neither added nor removed then (CURLM_RECURSIVE_API_CALL).
    private var isInCallback = false

    package init(_ endpoint: Endpoint, over transport: Transport = Transport(), on loop: EventLoop) {
        self.loop = loop
        self.transport = transport
        self.endpoint = endpoint
        guard let multi = curl_multi_init() else { fatalError("curl_multi_init: out of memory") }
        self.multi = multi
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = sp_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, context)
        _ = sp_multi_set_socket_function(multi) { _, socket, what, context, _ in
            Unmanaged<HTTPClient>.fromOpaque(context!).takeUnretainedValue().watch(socket, what)
            return 0
        }
        _ = sp_multi_set_pointer(multi, CURLMOPT_TIMERDATA, context)
        _ = sp_multi_set_timer_function(multi) { _, milliseconds, context in
            Unmanaged<HTTPClient>.fromOpaque(context!).takeUnretainedValue().wake(after: milliseconds)
            return 0
        }
    }

    deinit {
        for transfer in transfers.values { curl_multi_remove_handle(multi, transfer.easy) }
        curl_multi_cleanup(multi)
        for watch in watches.values { watch.cancel() }
        timer?.cancel()
    }

    /// Starts an exchange; `complete` is called once, later, unless it is cancelled.
    @discardableResult
    package func send(
        _ request: HTTPRequest, receive: ((UnsafeRawBufferPointer) -> Bool)? = nil,
        complete: @escaping (Result<HTTPResponse, ServiceError>) -> Void
    ) -> HTTPTransfer? {
        var complete = complete
        if let witness = transport.witness {
            guard witness.lets(request) else {
                loop.timer(after: .zero) {
                    complete(.failure(ServiceError(.notOffered, detail: "nothing is changed here")))
                }
                return nil
            }
            complete = { [complete] in
                witness.note(request, $0)
                complete($0)
            }
        }
        guard
            let transfer = HTTPTransfer(
                request, to: endpoint, over: transport, receive: receive, complete: complete)
        else {
            loop.timer(after: .zero) {
                complete(.failure(ServiceError(.unreachable, detail: "out of memory")))
            }
            return nil
        }
        transfers[ObjectIdentifier(transfer)] = transfer
        if isInCallback {
            loop.timer(after: .zero) { [weak self] in self?.add(transfer) }
        } else {
            add(transfer)
        }
        return transfer
    }

    private func add(_ transfer: HTTPTransfer) {
        guard transfers[ObjectIdentifier(transfer)] != nil else { return }
        let code = curl_multi_add_handle(multi, transfer.easy)
        guard code != CURLM_OK else { return }
        transfers.removeValue(forKey: ObjectIdentifier(transfer))
        loop.timer(after: .zero) { transfer.finish(CURLE_FAILED_INIT) }
    }

    package func cancel(_ transfer: HTTPTransfer) {
        transfer.cancel()
        // Not at once, because this may run in a callback of libcurl, where handles cannot be removed.
        loop.timer(after: .zero) { [weak self] in self?.remove(transfer) }
    }

    private func remove(_ transfer: HTTPTransfer) {
        guard transfers.removeValue(forKey: ObjectIdentifier(transfer)) != nil else { return }
        curl_multi_remove_handle(multi, transfer.easy)
    }

    private func watch(_ socket: curl_socket_t, _ what: CInt) {
        watches.removeValue(forKey: socket)?.cancel()
        var events: Watch.Events = []
        if what == CURL_POLL_IN || what == CURL_POLL_INOUT { events.insert(.readable) }
        if what == CURL_POLL_OUT || what == CURL_POLL_INOUT { events.insert(.writable) }
        guard !events.isEmpty else { return }
        watches[socket] = loop.watch(socket, for: events) { [unowned self] events in
            var mask: CInt = 0
            if events.contains(.readable) || events.contains(.hangUp) { mask |= CInt(CURL_CSELECT_IN) }
            if events.contains(.writable) { mask |= CInt(CURL_CSELECT_OUT) }
            if events.contains(.error) { mask |= CInt(CURL_CSELECT_ERR) }
            act(on: socket, mask)
        }
    }

    private func wake(after milliseconds: Int) {
        timer?.cancel()
        timer = nil
        guard milliseconds >= 0 else { return }
        timer = loop.timer(after: .milliseconds(milliseconds)) { [unowned self] in
            act(on: curl_socket_t(CURL_SOCKET_TIMEOUT), 0)
        }
    }

    private func act(on socket: curl_socket_t, _ mask: CInt) {
        var running: CInt = 0
        isInCallback = true
        curl_multi_socket_action(multi, socket, mask, &running)
        isInCallback = false
        var remaining: CInt = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE,
                let transfer = HTTPTransfer.behind(message.pointee.easy_handle)
            else { continue }
            let result = sp_message_result(message)
            remove(transfer)
            transfer.finish(result)
        }
    }
}
