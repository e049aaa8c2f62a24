/// The shells that people have; `make deps-unit` installs them.
enum Shell {
    static let all = ["bash", "zsh", "fish", "tcsh", "ksh", "dash"]
}
