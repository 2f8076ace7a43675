# What the examples take from github:numtide/flake-utils.
{
    outputs =
        { self }:
        {
            lib.eachDefaultSystem =
                outputsOf:
                let
                    systems = [
                        "x86_64-linux"
                        "aarch64-linux"
                    ];
                    kinds = builtins.attrNames (outputsOf (builtins.head systems));
                    valueOf = kind: system: {
                        name = system;
                        value = (outputsOf system).${kind};
                    };
                in
                builtins.listToAttrs (
                    map (kind: {
                        name = kind;
                        value = builtins.listToAttrs (map (valueOf kind) systems);
                    }) kinds
                );
        };
}
