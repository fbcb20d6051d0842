# shellcheck shell=bash
# What the machine boots: Debian's kernel, unpacked and not installed, and an initrd that mounts the files. Sourced by run.

# Debian's newest kernel of this release, below a folder, with the index that modprobe reads.
fetch_kernel() {  # folder
  [ ! -e "$1/complete" ] || return 0
  local name package
  kernel_name() { apt-cache depends linux-image-amd64 2>/dev/null | grep -o 'linux-image-[0-9][^ ]*'; }
  name=$(kernel_name) || { apt-get -qq update && name=$(kernel_name); } || return 1
  rm -rf "$1"
  mkdir -p "$1"
  (cd "$1" && { apt-get -qq download "$name" || { apt-get -qq update && apt-get -qq download "$name"; }; }) || return 1
  package=$(echo "$1"/linux-image-*.deb)
  dpkg-deb -x "$package" "$1" && rm "$package" && depmod -b "$1" "$(ls "$1/lib/modules")" && touch "$1/complete"
}

# busybox, tests/vm/init, and the modules that reach the files; all others are loaded from those.
make_initrd() {  # kernel folder, file
  local root version module program
  root=$(mktemp -d)
  version=$(ls "$1/lib/modules")
  mkdir -p "$root"/{bin,dev,modules}
  cp /bin/busybox "$root/bin/"
  for program in sh mount mkdir insmod switch_root; do ln -s busybox "$root/bin/$program"; done
  cp tests/vm/init "$root/init"
  for module in virtio_mmio 9pnet_virtio 9p overlay; do
    modprobe -d "$1" -S "$version" --show-depends "$module" | sed -n 's/^insmod //p'
  done | awk '!seen[$1]++ { print $1 }' | while read -r module; do
    cp "$module" "$root/modules/"
    echo "insmod /modules/${module##*/}"
  done >"$root/load"
  (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$2"
  rm -rf "$root"
}
