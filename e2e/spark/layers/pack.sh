# shellcheck shell=bash
# Sourced by the layer scripts: a folder as an image layer that is the same, bit for bit, for the same files.

# pack_layer FOLDER LAYER
pack_layer() {
    tar --create --file "$2" --directory "$1" \
        --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --format=gnu .
}
