# What the examples take from github:NixOS/nixpkgs, with the compiler and the shell of this machine.
{
    outputs =
        { self }:
        let
            packagesOf =
                run:
                let
                    program =
                        name: version: source:
                        run "${name}-${version}" { } "mkdir -p $out/bin; gcc -static -s -O2 -o $out/bin/${name} ${source}"
                        // {
                            inherit version;
                        };
                    storeDir = builtins.storeDir;
                in
                {
                    hello = program "hello" "2.12.2" ./hello.c;
                    cowsay = program "cowsay" "3.8.4" ./cowsay.c;

                    writeText =
                        name: text:
                        run name {
                            inherit text;
                            passAsFile = [ "text" ];
                        } "cp $textPath $out";

                    # The file's name stays the name of the result, as a unit needs it.
                    replaceVars =
                        file: values:
                        run (baseNameOf file) { } ''
                            sed ${
                                toString (map (name: "-e s,@${name}@,${values.${name}},g") (builtins.attrNames values))
                            } ${file} > $out
                        '';

                    portableService =
                        {
                            pname,
                            version,
                            units,
                        }:
                        run "${pname}-img-${version}"
                            {
                                exportReferencesGraph = builtins.concatLists (
                                    map (unit: [
                                        unit.name
                                        unit
                                    ]) units
                                );
                            }
                            ''
                                mkdir -p root/etc/systemd/system root${storeDir} $out
                                (cd root; mkdir -p dev proc sys run tmp var/tmp)
                                touch root/etc/machine-id root/etc/resolv.conf
                                printf 'PORTABLE_ID=${pname}\nID=nixos\nBUILD_ID=rolling\n' > root/etc/os-release
                                ${toString (map (unit: "cp ${unit} root/etc/systemd/system/${unit.name};") units)}
                                cp -r $(grep -h ^${storeDir}/ ${
                                    toString (map (unit: unit.name) units)
                                } | grep -v '\.drv$' | sort -u) root${storeDir}
                                mksquashfs root $out/${pname}_${version}.raw -all-root -noappend -quiet -no-progress
                            '';

                    mkShell = attributes: run "shell" attributes "exit 1";
                    squashfsTools = null;
                };
        in
        {
            legacyPackages = (import ./local.nix).eachSystem packagesOf;
        };
}
