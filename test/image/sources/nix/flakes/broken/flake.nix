# What goes wrong with flakes, an attribute each.
{
    outputs =
        { self }:
        let
            lib = import ./lib.nix;
            system = "x86_64-linux";
            run = (import ./local.nix).run system;
        in
        {
            packages.${system} = {
                missing = lib.nope;
                refused = lib.package "caddy";
                text = "hello";
                set = {
                    a = 1;
                    b = 2;
                };
                mac = derivation {
                    name = "hello";
                    system = "aarch64-darwin";
                    builder = "/bin/sh";
                };

                fails = run "caddy-2.10.2" "echo compiling caddy; echo 'main.go:3: undefined: teapot' >&2; exit 3";
                needs-fails = run "image" "cat ${self.packages.${system}.fails}";
                no-image = run "no-image" "mkdir -p $out/bin $out/share";
                two-images = run "two-images" "mkdir $out; touch $out/a.raw $out/b.raw";
                no-squashfs = run "no-squashfs" "echo hello > $out";
                long = run "long" "echo started; sleep 1000";
            };
        };
}
