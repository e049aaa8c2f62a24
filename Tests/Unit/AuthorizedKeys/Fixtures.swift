/// Public keys and certificates made once with ssh-keygen(1); their private halves are gone.
enum Fixtures {
    static let ed25519 = (
        type: "ssh-ed25519",
        base64: "AAAAC3NzaC1lZDI1NTE5AAAAIMANhl2ugbJcZ5tjUT5rcwzjZhrihk2o5QpqxRS+f6H/",
        fingerprint: "SHA256:xqbp7+Lc92qtDtRomjwWfs+3F8pbpOZIK6L8X04bfnM"
    )

    static let rsa = (
        type: "ssh-rsa",
        base64: "AAAAB3NzaC1yc2EAAAADAQABAAABgQCmexiDXQ1v0MSUPz96Qlv05VQL7zvoiZG1e2WIGa9Uoue2HkOsjsCP50rA"
            + "8jyYPnnJtMScjJ/osekTwoAxU7DEUsbtK1aY8Qa9xWLSrm/WzXpEuqLrnSTTifqRl06COYR5jL+I38wgnQjjw+pp"
            + "hA101f9c9p3rJKZ8JrAHM89CTDVLHLFcPr37609DSJIwK5e93vKYM/MzbXCx2rQGX5nDEFAh9KOE6d205xP77fxr"
            + "V562AZb7kW/fkkmN5f1h2jE0Y0v878fMd6OuHhNcVqDxQJlZqZvoOuDR0RJikmwXgexmKsnKxy3c/RVSJkI+qulf"
            + "rtiTVzTzDMQkHThHDNtoPWwHkSdCuI83MCML46JgWgCl4DoJw8y6amyeVMIEcuuIFhmlHDag6gQAAkKJj9/Z60u8"
            + "MtvqnR05YI1BTGrstTk+MptMv1E6OnsZ9lDrZNnyFdE5aRZsjhNqao3AtVdi/MqXf9VM9lWbxs0llF00WU4JZDSF"
            + "gMn7/kBucS6Z5x0=",
        fingerprint: "SHA256:hYA45Y5tTPz7e7eaEdkktO0dYbLoCpGnGJGaONeKmjU"
    )

    static let ecdsa = (
        type: "ecdsa-sha2-nistp256",
        base64: "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEzWMWlW+Wu+FtLqeGq0wIcozQFnvH4wvynn"
            + "nbJ9Zw3KKMripLXnNLuZhwF/QflKYyqyq5/n+NKkrXG6Kk0RcTc=",
        fingerprint: "SHA256:UwbksfHCoA6pNNdL9YaXkuw9hPGKTlK5IjPIwx9aWwg"
    )

    static let authority = (
        type: "ssh-ed25519",
        base64: "AAAAC3NzaC1lZDI1NTE5AAAAIHiLHLAvlswaKxQbvZYjW9xdvtAgJoM7Okd9MXCepKck",
        fingerprint: "SHA256:nbetcmOPiNyE0J+Umt8ctt0Gn17VU80J0pjQJhP8NUA"
    )

    static let ed25519Certificate = (
        type: "ssh-ed25519-cert-v01@openssh.com",
        base64: "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIFS2Xgvl5a/aW+FQWR49uCo8NklkE1s2XYiD"
            + "LhrRZsnQAAAAIMANhl2ugbJcZ5tjUT5rcwzjZhrihk2o5QpqxRS+f6H/AAAAAAAAAAAAAAABAAAAAmlkAAAACgAA"
            + "AAZidWlsZHMAAAAAAAAAAP//////////AAAAAAAAAIIAAAAVcGVybWl0LVgxMS1mb3J3YXJkaW5nAAAAAAAAABdw"
            + "ZXJtaXQtYWdlbnQtZm9yd2FyZGluZwAAAAAAAAAWcGVybWl0LXBvcnQtZm9yd2FyZGluZwAAAAAAAAAKcGVybWl0"
            + "LXB0eQAAAAAAAAAOcGVybWl0LXVzZXItcmMAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgeIscsC+WzBor"
            + "FBu9liNb3F2+0CAmgzs6R30xcJ6kpyQAAABTAAAAC3NzaC1lZDI1NTE5AAAAQHV7EUUpD90Gqbg8hKfPX7KsB3Cr"
            + "oil8mLg1eudcd/Diy8q+pf33hmIuneMJU56SJfzvnA2MUrpJX2eoJhvb0gc="
    )

    static let rsaCertificate = (
        type: "ssh-rsa-cert-v01@openssh.com",
        base64: "AAAAHHNzaC1yc2EtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgnPOAW7l6eL60l60wnR27Bozc84rStrDe/8NpUPCZ"
            + "K6cAAAADAQABAAABgQCmexiDXQ1v0MSUPz96Qlv05VQL7zvoiZG1e2WIGa9Uoue2HkOsjsCP50rA8jyYPnnJtMSc"
            + "jJ/osekTwoAxU7DEUsbtK1aY8Qa9xWLSrm/WzXpEuqLrnSTTifqRl06COYR5jL+I38wgnQjjw+pphA101f9c9p3r"
            + "JKZ8JrAHM89CTDVLHLFcPr37609DSJIwK5e93vKYM/MzbXCx2rQGX5nDEFAh9KOE6d205xP77fxrV562AZb7kW/f"
            + "kkmN5f1h2jE0Y0v878fMd6OuHhNcVqDxQJlZqZvoOuDR0RJikmwXgexmKsnKxy3c/RVSJkI+qulfrtiTVzTzDMQk"
            + "HThHDNtoPWwHkSdCuI83MCML46JgWgCl4DoJw8y6amyeVMIEcuuIFhmlHDag6gQAAkKJj9/Z60u8MtvqnR05YI1B"
            + "TGrstTk+MptMv1E6OnsZ9lDrZNnyFdE5aRZsjhNqao3AtVdi/MqXf9VM9lWbxs0llF00WU4JZDSFgMn7/kBucS6Z"
            + "5x0AAAAAAAAAAAAAAAEAAAACaWQAAAAKAAAABmJ1aWxkcwAAAAAAAAAA//////////8AAAAAAAAAggAAABVwZXJt"
            + "aXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9y"
            + "dC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAA"
            + "AAtzc2gtZWQyNTUxOQAAACB4ixywL5bMGisUG72WI1vcXb7QICaDOzpHfTFwnqSnJAAAAFMAAAALc3NoLWVkMjU1"
            + "MTkAAABAX1nsT6NgbT7RPkI5g1/vH/0HAkNEbO1mzYJCBk8eV/uGXSoWRHJii2NzV0ugUpjeCrqSdc0TWewzktcU"
            + "jiZYCw=="
    )

    static let ecdsaCertificate = (
        type: "ecdsa-sha2-nistp256-cert-v01@openssh.com",
        base64: "AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgkafxydPaMjfsdZJQYo/LdPdn"
            + "YHRWivzAVBK5iZY304kAAAAIbmlzdHAyNTYAAABBBEzWMWlW+Wu+FtLqeGq0wIcozQFnvH4wvynnnbJ9Zw3KKMri"
            + "pLXnNLuZhwF/QflKYyqyq5/n+NKkrXG6Kk0RcTcAAAAAAAAAAAAAAAEAAAACaWQAAAAKAAAABmJ1aWxkcwAAAAAA"
            + "AAAA//////////8AAAAAAAAAggAAABVwZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1m"
            + "b3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5w"
            + "ZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQyNTUxOQAAACB4ixywL5bMGisUG72WI1vcXb7QICaD"
            + "OzpHfTFwnqSnJAAAAFMAAAALc3NoLWVkMjU1MTkAAABAKtJOu6YlH6pzHShN55IKGJZ6h9y5hW7fNcQT8wmSE1gw"
            + "dRJ1nuxmsIh7tmI+rvY6QUH73Ii3aaFLEV69vcFDDA=="
    )

    static let hostCertificate = (
        type: "ssh-ed25519-cert-v01@openssh.com",
        base64: "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIAY3VjnPFhkZRFI4MSYZpPbZO7PZjM9ZWgv/"
            + "9iNYSJKRAAAAIMANhl2ugbJcZ5tjUT5rcwzjZhrihk2o5QpqxRS+f6H/AAAAAAAAAAAAAAACAAAAAmlkAAAACAAA"
            + "AARob3N0AAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAgeIscsC+WzBor"
            + "FBu9liNb3F2+0CAmgzs6R30xcJ6kpyQAAABTAAAAC3NzaC1lZDI1NTE5AAAAQL+9PeCWHTVm/NwYXr150/BR9X+u"
            + "YhAUm9oVd8IqjgyCNAbZX1Y6S8v7aJekm4WGwyyVgsbrIQ7NqLTdo6gHDgI="
    )
}
