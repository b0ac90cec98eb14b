//! Real files, drawn and encoded here: JPEG pictures, silent Opus voice messages, a one-page PDF.

mod jpeg;
mod ogg;

pub use jpeg::Picture;
pub use ogg::silence;

/// What is in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// A river town under an evening sky.
    River,
    /// Tulips in rows.
    Tulips,
    /// A cake with candles.
    Cake,
    /// Snow on mountains.
    Mountains,
    /// A boat on the sea.
    Boat,
    /// The moon over hills.
    Night,
    /// Blue and white tiles.
    Tiles,
    /// A cat on a shelf.
    Cat,
}

type Colour = [i32; 3];

const WHITE: Colour = [250, 248, 242];

/// Draws a scene.
pub fn draw(scene: Scene, width: i32, height: i32) -> Picture {
    Picture::new(width, height, |x, y| {
        // Everything is laid out on 400 x 300.
        let (x, y) = (x * 400 / width, y * 300 / height);
        match scene {
            Scene::River => river(x, y),
            Scene::Tulips => tulips(x, y),
            Scene::Cake => cake(x, y),
            Scene::Mountains => mountains(x, y),
            Scene::Boat => boat(x, y),
            Scene::Night => night(x, y),
            Scene::Tiles => tiles(x, y),
            Scene::Cat => cat(x, y),
        }
    })
}

/// Between two colours: `part` of `whole` of the way.
fn blend(from: Colour, to: Colour, part: i32, whole: i32) -> Colour {
    let at = part.clamp(0, whole);
    let mix = |one: i32, other: i32| one + (other - one) * at / whole.max(1);
    [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])]
}

fn in_circle(x: i32, y: i32, centre: (i32, i32), radius: i32) -> bool {
    let (dx, dy) = (x - centre.0, y - centre.1);
    dx * dx + dy * dy <= radius * radius
}

fn in_oval(x: i32, y: i32, centre: (i32, i32), radii: (i32, i32)) -> bool {
    let (dx, dy) = (x - centre.0, y - centre.1);
    dx * dx * 1000 / (radii.0 * radii.0) + dy * dy * 1000 / (radii.1 * radii.1) <= 1000
}

/// The top of a hill at `x`.
fn hill(x: i32, peak: (i32, i32), width: i32) -> i32 {
    peak.1 + (x - peak.0) * (x - peak.0) / width
}

fn river(x: i32, y: i32) -> Colour {
    let sky = blend([58, 76, 130], [250, 176, 110], y, 170);
    let house = x / 26;
    let roof = 150 - (house * 37 % 41);
    if (40..330).contains(&x) && y > roof && y < 190 {
        let is_window = x % 26 > 7 && x % 26 < 13 && y % 18 > 5 && y % 18 < 12;
        let walls = [[196, 98, 76], [226, 170, 96], [168, 78, 88], [216, 200, 170]];
        let wall = *walls.get(usize::try_from(house % 4).unwrap_or(0)).unwrap_or(&WHITE);
        return if is_window { [255, 232, 170] } else { wall };
    }
    if y >= 190 {
        let ripple = (y * 7 + x / 9) % 13 < 3;
        let water = blend([120, 92, 120], [38, 44, 84], y - 190, 110);
        return if ripple { blend(water, [250, 190, 130], 1, 3) } else { water };
    }
    if y > hill(x, (200, 140), 500) {
        return [74, 66, 92];
    }
    if in_circle(x, y, (300, 84), 24) { [255, 226, 150] } else { sky }
}

fn tulips(x: i32, y: i32) -> Colour {
    if y < 90 {
        return blend([130, 190, 235], [222, 240, 250], y, 90);
    }
    let row = (y - 90) / 30;
    let colours =
        [[214, 60, 76], [240, 180, 50], [220, 110, 170], [236, 236, 226], [160, 70, 170], [235, 110, 60]];
    let (along, across) = ((x + row * 17) % 28, (y - 90) % 30);
    if in_oval(along, across, (14, 9), (8, 9)) && !(across < 4 && (along == 14 || along == 10)) {
        return *colours.get(usize::try_from(row % 6).unwrap_or(0)).unwrap_or(&WHITE);
    }
    if (13..=15).contains(&along) && across > 14 {
        return [60, 120, 50];
    }
    blend([120, 170, 84], [58, 112, 52], y - 90, 210)
}

fn cake(x: i32, y: i32) -> Colour {
    let candle = x % 40 - 20;
    if (110..290).contains(&x) && candle.abs() < 4 && (88..130).contains(&y) {
        return if y % 10 < 5 { [240, 240, 250] } else { [230, 120, 130] };
    }
    if (110..290).contains(&x) && in_oval(candle, y - 78, (0, 0), (5, 10)) {
        return [255, 200, 70];
    }
    if in_oval(x, y, (200, 140), (110, 22)) {
        return [252, 236, 226];
    }
    if (90..310).contains(&x) && (140..230).contains(&y) {
        let drip = 160 + (x / 11 * 29 % 23);
        return if y < drip { [252, 236, 226] } else { [150, 92, 62] };
    }
    if in_oval(x, y, (200, 232), (150, 24)) {
        return [206, 216, 226];
    }
    blend([120, 70, 90], [64, 40, 60], y, 300)
}

fn mountains(x: i32, y: i32) -> Colour {
    let far = 120 + (x - 130).abs() * 2 / 3;
    let near = 90 + (x - 280).abs();
    if y > 240 + x / 40 {
        return blend([70, 110, 80], [40, 76, 58], y - 240, 60);
    }
    if y > near {
        return if y < near + 44 - (x * 7 % 17) {
            WHITE
        } else {
            blend([110, 120, 140], [70, 84, 110], y - near, 150)
        };
    }
    if y > far {
        return if y < far + 28 - (x * 5 % 13) { [236, 240, 248] } else { [140, 152, 176] };
    }
    blend([84, 150, 220], [212, 232, 246], y, 200)
}

fn boat(x: i32, y: i32) -> Colour {
    if y > 180 {
        let is_hull = (150..270).contains(&x) && y < 215 && (x - 150) > (y - 180) && (270 - x) > (y - 180);
        if is_hull {
            return [176, 56, 48];
        }
        let wave = (x + y * 3) % 31 < 4;
        let sea = blend([64, 150, 190], [20, 76, 130], y - 180, 120);
        return if wave { blend(sea, WHITE, 1, 2) } else { sea };
    }
    let is_sail = (205..262).contains(&x) && y > 60 && y < 172 && (x - 205) * 2 < y - 60;
    if is_sail {
        return WHITE;
    }
    if (200..204).contains(&x) && y > 50 {
        return [90, 60, 40];
    }
    if in_circle(x, y, (80, 60), 24) {
        return [255, 236, 150];
    }
    blend([120, 186, 236], [226, 242, 250], y, 180)
}

fn night(x: i32, y: i32) -> Colour {
    if in_circle(x, y, (300, 80), 30) && !in_circle(x, y, (288, 72), 27) {
        return [250, 244, 210];
    }
    if y > hill(x, (90, 210), 300) {
        return [16, 28, 30];
    }
    if y > hill(x, (320, 190), 420) {
        return [26, 40, 52];
    }
    if (x * 7919 + y * 104_729) % 1511 == 0 {
        return [255, 255, 240];
    }
    blend([10, 16, 44], [64, 70, 120], y, 260)
}

fn tiles(x: i32, y: i32) -> Colour {
    let (x, y) = (x / 2, y / 2);
    let (dx, dy) = ((x % 50 - 25).abs(), (y % 50 - 25).abs());
    let blue = [36, 76, 160];
    if dx == 25 || dy == 25 {
        return [180, 190, 205];
    }
    if dx + dy < 8 || (dx + dy > 20 && dx + dy < 24) {
        return blue;
    }
    if in_circle(dx, dy, (17, 17), 6) && !in_circle(dx, dy, (17, 17), 3) {
        return [70, 120, 200];
    }
    if dx * dy < 26 && dx + dy < 20 { [110, 156, 220] } else { WHITE }
}

fn cat(x: i32, y: i32) -> Colour {
    let fur = [70, 66, 70];
    if in_circle(x, y, (188, 128), 4) || in_circle(x, y, (212, 128), 4) {
        return [190, 220, 90];
    }
    let is_ear = (y > 78 && y < 115) && ((x - 176).abs() * 2 < y - 78 || (x - 224).abs() * 2 < y - 78);
    if is_ear || in_circle(x, y, (200, 130), 32) || in_oval(x, y, (205, 190), (46, 50)) {
        return fur;
    }
    if (252..300).contains(&x) && (y - (226 - (x - 252) * (x - 252) / 30)).abs() < 7 {
        return fur;
    }
    if (232..250).contains(&y) {
        return if y % 9 < 2 { [130, 84, 50] } else { [166, 112, 68] };
    }
    if y > 250 {
        blend([216, 206, 186], [196, 184, 160], y - 250, 50)
    } else {
        blend([236, 226, 206], [220, 206, 182], y, 250)
    }
}

/// A page with a title, as any reader shows it.
pub fn pdf(title: &str) -> Vec<u8> {
    let text = format!("BT /F1 24 Tf 72 760 Td ({title}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(out.len());
        out.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = out.len();
    out.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for place in places {
        out.push_str(&format!("{place:010} 00000 n \n"));
    }
    out.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_jpeg_and_small() {
        let bytes = draw(Scene::River, 480, 360).to_jpeg();

        assert_eq!(infer::get(&bytes).unwrap().mime_type(), "image/jpeg");
        assert!(bytes.ends_with(&[0xff, 0xd9]));
        assert!(bytes.len() < 60_000, "{}", bytes.len());
    }

    #[test]
    fn sounds_are_ogg_and_documents_pdf() {
        assert_eq!(infer::get(&silence(3)).unwrap().mime_type(), "audio/opus");
        assert_eq!(infer::get(&pdf("Plan")).unwrap().mime_type(), "application/pdf");
    }
}
