//! The sizes of a convolution.

use std::ops::Range;

/// Bytes of a tile's columns at most: half of a common second-level cache.
const TILE_BYTES: usize = 512 << 10;
/// Columns of a tile at least, where there are so many: fewer leave vector units idle.
const LEAST_COLUMNS: usize = 64;

/// A kernel sliding over images: at every place it sees `kernel` values of all channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ConvShape {
    pub(super) batch: usize,
    /// Channels, rows and columns of an image.
    pub(super) image: [usize; 3],
    /// Channels, rows and columns of the places.
    pub(super) places: [usize; 3],
    /// Rows and columns of the kernel; its values are `[channels of places][channels of image][rows]
    /// [columns]`.
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    /// Zeros above and left of the image. Those below and right of it follow from the places.
    pub(super) pads: [usize; 2],
}

/// Places that are worked on at once: rows of an image, or whole images.
#[derive(Debug, Clone)]
pub(super) struct Tile {
    /// Images, from the first of the batch.
    pub(super) images: Range<usize>,
    /// Rows of places in each.
    pub(super) rows: Range<usize>,
}

impl ConvShape {
    /// Values of an image.
    pub(super) fn image_len(&self) -> usize {
        self.image.iter().product()
    }

    /// Values of all places of an image.
    pub(super) fn places_len(&self) -> usize {
        self.places.iter().product()
    }

    /// Places of an image.
    pub(super) fn place_count(&self) -> usize {
        self.places[1] * self.places[2]
    }

    /// Values that the kernel sees at a place: rows of unfolded columns.
    pub(super) fn seen(&self) -> usize {
        self.image[0] * self.taps()
    }

    /// Values of the kernel per channel.
    pub(super) fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// Rows and columns of the image that the kernel reaches, zeros around it counted.
    pub(super) fn reach(&self) -> [usize; 2] {
        [0, 1].map(|axis| {
            let last = self.places[axis + 1].saturating_sub(1) * self.stride[axis];
            last + (self.kernel[axis] - 1) * self.dilation[axis] + 1
        })
    }

    /// The tiles of some images, in order. A tile is of one image, or of all rows of several.
    pub(super) fn tiles(&self, images: Range<usize>, seen: usize) -> Vec<Tile> {
        let [_, rows, columns] = self.places;
        let most = (TILE_BYTES / size_of::<f32>() / seen.max(1)).max(LEAST_COLUMNS);
        let per_image = rows * columns;
        if per_image == 0 {
            return Vec::new();
        }
        if per_image > most {
            let rows_of_tile = (most / columns.max(1)).max(1);
            let tiles = |image: usize| {
                (0..rows).step_by(rows_of_tile).map(move |first| Tile {
                    images: image..image + 1,
                    rows: first..(first + rows_of_tile).min(rows),
                })
            };
            return images.flat_map(tiles).collect();
        }
        let images_of_tile = most / per_image;
        let end = images.end;
        images
            .step_by(images_of_tile)
            .map(|first| Tile {
                images: first..(first + images_of_tile).min(end),
                rows: 0..rows,
            })
            .collect()
    }
}

impl Tile {
    /// Places of the tile.
    pub(super) fn count(&self, columns: usize) -> usize {
        self.images.len() * self.rows.len() * columns
    }
}
