/** An unusual ssh_config. `%D` stands for the directory of the keys, `%A` for the host's address. */
export interface OddConfig {
    name: string;
    /** Text before a block `Host web1` with HostName, User and IdentityFile. */
    config: string;
    /** Whether `config` is the whole file, without that block. */
    isWhole?: boolean;
    /** Whether the host's name is its address without the first digit, which is a 1. */
    isNumber?: boolean;
    environment?: Record<string, string>;
    /** Whether ssh refuses to run a command with these settings. */
    isWithoutCommand?: boolean;
}

const setting = (line: string, more: Partial<OddConfig> = {}): OddConfig => ({
    name: line.split("\n")[0] as string,
    config: `Host web1\n ${line.replaceAll("\n", "\n ")}`,
    ...more,
});

/** A setting that the login depends on, since there is no other IdentityFile. */
const onlyKey = (line: string, more: Partial<OddConfig> = {}): OddConfig =>
    setting(`${line}\nHostName %A\nUser root`, { isWhole: true, ...more });

const BLOCK = "HostName %A\n User root\n IdentityFile %D/key";

export const oddConfigs: OddConfig[] = [
    { name: "Match exec", config: `Match exec "test %n = web1"\n ${BLOCK}`, isWhole: true },
    {
        name: "Match originalhost and user",
        config: `Match originalhost web1\n User root\nMatch originalhost web1 user root\n ${BLOCK}`,
        isWhole: true,
    },
    {
        name: "Match host after HostName",
        config: `Host web1\n HostName %A\nMatch host %A\n User root\n IdentityFile %D/key`,
        isWhole: true,
    },
    {
        name: "Match final",
        config: `Host web1\n HostName %A\n User root\nMatch final host %A\n IdentityFile %D/key`,
        isWhole: true,
    },
    {
        name: "Match all, and a negated pattern",
        config: `Host * !web1\n User nobody\n Port 9\nMatch all\n ${BLOCK}`,
        isWhole: true,
    },
    { name: "Include with a glob, nested", config: "Include %D/conf.d/*.conf", isWhole: true },
    {
        name: "HostName with %h",
        config: "Host 98.*\n HostName 1%h\n User root\n IdentityFile %D/key",
        isWhole: true,
        isNumber: true,
    },
    {
        name: "CRLF at the ends of lines",
        config: `Host web1\r\n HostName %A\r\n User root\r\n IdentityFile %D/key\r\n`,
        isWhole: true,
    },
    {
        name: "= between keyword and value, and quotes",
        config: `Host=web1\n HostName = "%A"\n User="root"\n IdentityFile="%D/key with space"`,
        isWhole: true,
    },
    {
        name: "upper case keywords, tabs, comments at the end",
        config: `HOST web1 # the web\n\tHOSTNAME\t%A\n\tUSER root # root\n\tIDENTITYFILE %D/key`,
        isWhole: true,
    },
    { name: "IgnoreUnknown", config: `IgnoreUnknown UseKeychain,Nonsense\nHost *\n UseKeychain yes\n Nonsense 1` },
    onlyKey("IdentityFile %D/key-%n-%h-%r-%p\nIdentitiesOnly yes"),
    onlyKey("IdentityFile ${PORTABLE_TEST_KEYS}/key\nIdentitiesOnly yes", {
        environment: { PORTABLE_TEST_KEYS: "%D" },
    }),
    onlyKey("IdentityFile %D/key-%C"),
    onlyKey('IdentityFile "%D/key with space"'),
    setting("CertificateFile %D/%h-missing"),
    setting("IdentityAgent %D/%C-missing"),
    onlyKey("IdentityFile none\nIdentityFile %D/key"),
    setting("CertificateFile none"),
    setting("CertificateFile %D/missing"),
    setting("IdentityAgent none"),
    setting("IdentityAgent SSH_AUTH_SOCK", { environment: { SSH_AUTH_SOCK: "/nonexistent/agent" } }),
    setting("IdentityAgent $PORTABLE_TEST_AGENT", { environment: { PORTABLE_TEST_AGENT: "/nonexistent/agent" } }),
    setting("AddKeysToAgent yes"),
    setting("UserKnownHostsFile %D/empty %D/known_hosts"),
    setting("UserKnownHostsFile %D/%k-missing %D/known_hosts-crlf"),
    setting("UserKnownHostsFile %D/known_hosts-%C"),
    setting("StrictHostKeyChecking accept-new"),
    setting("StrictHostKeyChecking off"),
    setting("CheckHostIP yes\nHashKnownHosts yes\nUpdateHostKeys yes\nVerifyHostKeyDNS yes"),
    setting("VisualHostKey yes"),
    setting("FingerprintHash md5"),
    setting("CanonicalizeHostname yes\nCanonicalDomains example.test"),
    setting("CanonicalizeHostname always"),
    setting("AddressFamily inet"),
    setting("BindAddress 0.0.0.0"),
    setting("Compression yes"),
    setting("ConnectTimeout 0"),
    setting("ConnectionAttempts 3"),
    setting("ServerAliveInterval 0\nTCPKeepAlive no\nIPQoS none"),
    setting("SendEnv LANG LC_*\nSetEnv PORTABLE=1 OTHER=two"),
    setting("RequestTTY force"),
    setting("RequestTTY yes\nEscapeChar ~"),
    setting("RemoteCommand tmux attach", { isWithoutCommand: true }),
    setting("PermitLocalCommand yes\nLocalCommand echo local; exit 1"),
    setting("ForkAfterAuthentication yes"),
    setting("StdinNull yes"),
    setting("SessionType none", { isWithoutCommand: true }),
    setting("LogLevel QUIET"),
    setting("LogLevel DEBUG3"),
    setting("LogVerbose packet.c:*"),
    setting("BatchMode yes"),
    setting("ControlMaster auto\nControlPath %D/control-%C\nControlPersist 2"),
    setting("ControlMaster no\nControlPath none"),
    setting("ForwardAgent yes\nForwardX11 yes\nForwardX11Trusted yes"),
    setting(
        "LocalForward 127.0.0.1:1 127.0.0.1:80\nRemoteForward 1 127.0.0.1:80\nDynamicForward 2\nExitOnForwardFailure no",
    ),
    setting("PreferredAuthentications publickey"),
    setting("PreferredAuthentications gssapi-with-mic,hostbased,publickey,keyboard-interactive,password"),
    setting("NumberOfPasswordPrompts 0\nPasswordAuthentication no\nKbdInteractiveAuthentication no"),
    setting("PubkeyAcceptedAlgorithms ssh-ed25519"),
    setting("PubkeyAcceptedAlgorithms +ssh-rsa\nHostKeyAlgorithms +ssh-rsa"),
    setting("HostKeyAlgorithms ssh-ed25519\nCiphers aes256-ctr\nMACs hmac-sha2-512\nKexAlgorithms curve25519-sha256"),
    setting("Ciphers chacha20-poly1305@openssh.com\nRekeyLimit 1M 60"),
    setting("GSSAPIAuthentication yes\nGSSAPIDelegateCredentials yes"),
    setting("ProxyJump none\nProxyCommand none"),
    setting("ProxyCommand %D/pass-socket %h %p\nProxyUseFdpass yes"),
    setting("HostKeyAlias %A"),
    setting("TERM dumb, an unknown locale", {
        config: "",
        environment: { TERM: "dumb", LC_ALL: "xx_XX.UTF-8", LANG: "C" },
    }),
];
