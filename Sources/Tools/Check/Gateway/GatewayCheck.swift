import AuthorizedKeys
import ConfigurationFile
import HelperPrograms

/// Everything that a login to the gateway's account depends on, in the order in which it matters.
struct GatewayCheck: Sendable {
    var configuration: Configuration
    /// The configuration file.
    var file: String
    var account: Account
    var inspection: SSHDInspection
    /// The path of a private key that the build service knows; nil: there is none to try.
    var identity: String?

    func results(with key: borrowing ThrowAwayKey) async -> [CheckResult] {
        let settings = inspection.check(of: account)
        let command = KeysCommandCheck(settings: settings, key: key.key, home: account.home)
        let admission = command.offer?.admission ?? .any
        let (keysUser, keysUserResult) = command.keysUser(account: account)
        let lookingUp = admission == .known ? keysUser : nil

        var results = [command.result, keysUserResult] + settings.results
        results.append(account.result(usesPAM: inspection.settings["usepam"] == "yes"))
        results.append(TemporaryFolder.result(account: account, listener: inspection.program.listener))
        if let folder = command.command?.folder {
            results += await programResults(in: folder)
        }
        // Whoever can change it must not get more from us than from sshd, which does not start it either.
        if let keysUser, keysUser.user != 0, let words = command.askedWords(account: account),
            TrustedPath.faults(of: words[0]).isEmpty
        {
            results += await dispatcherResults(words, key.key, admission, as: keysUser)
        }
        results += RunFolders.results(configuration.gateway, account: account, keysUser: lookingUp)
        results += Recordings.results(configuration.gateway.recording, pools: runnersPools)
        results.append(await BuilderKey.result(configuration, account: account))
        results.append(
            await Records.result(
                configuration.gateway, writers: [account] + [lookingUp].compactMap(\.self)))
        results.append(AttachBundles.result(configuration.gateway.attachBundles))
        results += ServiceCheck(configuration: configuration).results(key: key.key)
        let login = LoginTrial(
            sshd: inspection.program, settings: inspection.settings, account: account.name,
            admission: admission, lists: settings.lists)
        results.append(await login.result(with: key))
        if let identity { results.append(await login.result(withIdentity: identity, in: key.folder)) }
        DispatcherTrial.forget(key.key, in: configuration.gateway.keyCache)
        return results
    }

    /// Those of the runner on this host, if that is the build service.
    private var runnersPools: Set<String>? {
        configuration.service.url == "unix:\(configuration.runner.socket)"
            ? Set(configuration.runner.pools.keys) : nil
    }

    private func programResults(in folder: String) async -> [CheckResult] {
        InstalledFiles(programs: folder, configuration: file).results
            + (await Libraries(of: "\(folder)/sallyport-shell", as: account).results)
    }

    private func dispatcherResults(
        _ words: [String], _ key: PublicKey, _ admission: KeyOffer.Admission, as user: Account
    ) async -> [CheckResult] {
        let trial = await DispatcherTrial.run(
            words, for: key, admission: admission, as: user, cache: configuration.gateway.keyCache)
        guard let seconds = trial.seconds,
            let startups = inspection.settings["maxstartups"].flatMap(Startups.init)
        else { return [trial.result] }
        return [trial.result, startups.result(lookUp: seconds)]
    }
}
