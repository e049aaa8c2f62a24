/// The header in which a gateway says which of its sessions asks (API v1), for the service's records.
public enum SessionHeader {
    public static let name = "Sallyport-Session"
}
