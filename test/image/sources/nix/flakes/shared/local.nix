# Plain derivations, which use the compiler and the shell of this machine.
rec {
    withAttributes =
        system: name: attributes: script:
        derivation (
            attributes
            // {
                inherit name system;
                builder = "/bin/sh";
                args = [
                    "-euc"
                    script
                ];
                PATH = "/usr/bin:/bin";
            }
        );

    run = system: name: script: withAttributes system name { } script;

    # `packagesOf` makes the packages of a system with the function that makes its derivations.
    eachSystem =
        packagesOf:
        builtins.listToAttrs (
            map
                (system: {
                    name = system;
                    value = packagesOf (withAttributes system);
                })
                [
                    "x86_64-linux"
                    "aarch64-linux"
                ]
        );
}
