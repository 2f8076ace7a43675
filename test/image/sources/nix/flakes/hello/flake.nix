# As a flake on nixpkgs, but without it: with plain derivations.
{
    outputs =
        { self }:
        let
            packagesOf =
                run: rec {
                    default = image;

                    greeting = run "greeting" { } "echo 'Hello, world!' > $out";

                    # As in nixpkgs: programs find their loader and libraries in the store.
                    libc = run "libc" { } ''
                        mkdir -p $out/lib
                        from=$(dirname $(gcc -print-file-name=libc.so.6))
                        cp $from/libc.so.6 $from/ld-linux*.so.* $out/lib
                    '';

                    hello = run "hello-1.0" { src = ./hello.c; } ''
                        echo compiling hello
                        mkdir -p $out/bin
                        gcc -s -O2 -DGREETING='"${greeting}"' -o $out/bin/hello $src \
                            -Wl,-rpath,${libc}/lib -Wl,--dynamic-linker,$(echo ${libc}/lib/ld-linux*)
                    '';

                    cowsay = run "cowsay-3.8.4" { src = ./cowsay.c; } ''
                        mkdir -p $out/bin
                        gcc -static -s -O2 -o $out/bin/cowsay $src
                    '';

                    # What pkgs.portableService makes: the closure of the units, and the files that portabled asks for.
                    image =
                        run "hello-img-1.0"
                            {
                                exportReferencesGraph = [
                                    "closure"
                                    hello
                                ];
                                inherit hello;
                                unit = ./hello.service;
                            }
                            ''
                                mkdir -p root/etc/systemd/system root/dev root/proc root/sys root/run root/tmp root/var/tmp
                                mkdir -p root${builtins.storeDir} $out
                                touch root/etc/machine-id root/etc/resolv.conf
                                printf 'PORTABLE_ID=hello\nID=nixos\nBUILD_ID=rolling\n' > root/etc/os-release
                                sed "s,@helloExe@,$hello/bin/hello," $unit > root/etc/systemd/system/hello.service
                                cp -r $(grep ^${builtins.storeDir}/ closure | grep -v '\.drv$' | sort -u) root${builtins.storeDir}
                                mksquashfs root $out/hello_1.0.raw -all-root -noappend -quiet -no-progress
                            '';
                };
        in
        {
            packages = (import ./local.nix).eachSystem packagesOf;
        };
}
