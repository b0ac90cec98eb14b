//! Recordings and film in the real engine, through the real library: what is pressed is heard and seen.

use super::computer::Computer;
use super::files;
use super::looks::Looks;
use super::window::Window;

/// Chat files with a voice note and a film are added, and both play.
pub async fn a_voice_note_and_a_film(computer: &Computer, window: &Window, looks: &mut Looks) {
    computer.will_pick(&[&files::write_recordings(&computer.path(""))]);
    window.press("Add my chats").await;
    window.press("Choose a file").await;
    window.chooses("Which name is you?", "Sam").await;
    window.press("Add this chat").await;
    window.sees("all accounted for.").await;
    window.press("Open chats").await;
    window.sees("Listen to the sea").await;

    window.press("Play").await;
    window.until("the voice note was heard to its end", HEARD).await;
    window.does_not_see("cannot be played").await;
    window.press("Speed, now 1 times").await;
    window.press("Play").await;
    window.until("it is played faster", FASTER).await;
    looks.at(window, "voice").await;

    window.press("Play video").await;
    window.until("the film moves", MOVES).await;
    looks.at(window, "film").await;
    window.press("Close").await;
}

const HEARD: &str =
    "const a = document.querySelector('audio'); return a.ended && a.currentTime > 0 && a.duration > 0.2";
const FASTER: &str =
    "const a = document.querySelector('audio'); return a.playbackRate === 1.5 && a.played.length > 0";
const MOVES: &str = "const v = document.querySelector('video'); return v !== null && v.videoWidth === 96 && v.currentTime > 0.2";
