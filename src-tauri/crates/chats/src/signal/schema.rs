//! Field numbers of Signal's backup frames, re-stated: what the reader looks at. The rest stays in a frame's own bytes.
//!
//! A line a message: `Name: number field type; …`. Types: `u` 64-bit number (text in JSON), `n` number, `b` true or false, `s` text, `y` bytes,
//! `@A,B` words by their numbers, a name for a message; `*` before it when it repeats.

use std::collections::HashMap;
use std::sync::OnceLock;

const TEXT: &str = "
Frame: 1 account Account; 2 recipient Recipient; 3 chat Chat; 4 chatItem Item; 5 stickerPack Any; 6 adHocCall AdHocCall; 7 notificationProfile Any; 8 chatFolder Any
Any:
Account: 2 username s; 4 givenName s; 5 familyName s
Recipient: 1 id u; 2 contact Contact; 3 group Group; 4 distributionList ListItem; 5 self Any; 6 releaseNotes Any; 7 callLink CallLink
Contact: 1 aci y; 2 pni y; 3 username s; 4 e164 u; 11 profileGivenName s; 12 profileFamilyName s; 16 nickname Nickname; 18 systemGivenName s; 19 systemFamilyName s; 20 systemNickname s
Nickname: 1 given s; 2 family s
Group: 1 masterKey y; 5 snapshot Snapshot
Snapshot: 2 title Blob; 7 members *Member
Blob: 1 title s; 4 descriptionText s
Member: 1 userId y
ListItem: 1 distributionId y; 3 distributionList List
List: 1 name s
CallLink: 1 rootKey y; 3 name s
Chat: 1 id u; 2 recipientId u; 5 expirationTimerMs u
AdHocCall: 1 callId u; 2 recipientId u; 4 callTimestamp u
Item: 1 chatId u; 2 authorId u; 3 dateSent u; 4 expireStartDate u; 5 expiresInMs u; 6 revisions *Item; 7 sms b; 8 incoming Any; 9 outgoing Outgoing; 10 directionless Any; 11 standardMessage Standard; 12 contactMessage ContactMessage; 13 stickerMessage StickerMessage; 14 remoteDeletedMessage Any; 15 updateMessage Update; 16 paymentNotification Payment; 17 giftBadge Any; 18 viewOnceMessage ViewOnce; 19 directStoryReplyMessage StoryReply; 20 poll Poll; 21 pinDetails Any; 22 adminDeletedMessage Any
Outgoing: 1 sendStatus *SendStatus
SendStatus: 1 recipientId u; 2 timestamp u; 3 pending Any; 4 sent Any; 5 delivered Any; 6 read Any; 7 viewed Any; 8 skipped Any; 9 failed Any
Text: 1 body s; 2 bodyRanges *Range
Range: 1 start n; 2 length n; 3 mentionAci y; 4 style @NONE,BOLD,ITALIC,SPOILER,STRIKETHROUGH,MONOSPACE
Standard: 1 quote Quote; 2 text Text; 3 attachments *Attachment; 4 linkPreview *Link; 5 longText Pointer; 6 reactions *Reaction
Quote: 1 targetSentTimestamp u; 2 authorId u; 3 text Text
Attachment: 1 pointer Pointer; 2 flag @NONE,VOICE_MESSAGE,BORDERLESS,GIF
Pointer: 4 contentType s; 7 fileName s; 8 width n; 9 height n; 13 locatorInfo Locator
Locator: 1 key y; 3 size n; 4 transitCdnKey s; 7 mediaTierCdnNumber n; 9 localKey y; 10 plaintextHash y; 11 encryptedDigest y
Link: 1 url s; 2 title s; 4 description s
Reaction: 1 emoji s; 2 authorId u; 3 sentTimestamp u; 4 sortOrder u
ContactMessage: 1 contact Card; 2 reactions *Reaction
Card: 1 name CardName; 3 number *Value; 4 email *Value; 5 address *Address; 6 avatar Pointer; 7 organization s
CardName: 1 givenName s; 2 familyName s; 3 prefix s; 4 suffix s; 5 middleName s; 6 nickname s
Value: 1 value s
Address: 3 street s; 4 pobox s; 5 neighborhood s; 6 city s; 7 region s; 8 postcode s; 9 country s
StickerMessage: 1 sticker Sticker; 2 reactions *Reaction
Sticker: 4 emoji s; 5 data Pointer
Payment: 1 amountMob s; 3 note s
ViewOnce: 1 attachment Attachment; 2 reactions *Reaction
StoryReply: 1 textReply TextReply; 2 emoji s; 3 reactions *Reaction
TextReply: 1 text Text; 2 longText Pointer
Poll: 1 question s; 2 allowMultiple b; 3 options *Option; 4 hasEnded b; 5 reactions *Reaction
Option: 1 option s; 2 votes *Vote
Vote: 1 voterId u; 2 voteCount n
Update: 1 simpleUpdate Simple; 2 groupChange GroupChange; 3 expirationTimerChange Timer; 4 profileChange Profile; 5 threadMerge Merge; 6 sessionSwitchover Switch; 7 individualCall Call; 8 groupCall GroupCall; 9 learnedProfileChange Learned; 10 pollTerminate PollEnd; 11 pinMessage Any
Simple: 1 type @UNKNOWN,JOINED_SIGNAL,IDENTITY_UPDATE,IDENTITY_VERIFIED,IDENTITY_DEFAULT,CHANGE_NUMBER,RELEASE_CHANNEL_DONATION_REQUEST,END_SESSION,CHAT_SESSION_REFRESH,BAD_DECRYPT,PAYMENTS_ACTIVATED,PAYMENT_ACTIVATION_REQUEST,UNSUPPORTED_PROTOCOL_MESSAGE,REPORTED_SPAM,BLOCKED,UNBLOCKED,MESSAGE_REQUEST_ACCEPTED
Timer: 1 expiresInMs u
Profile: 1 previousName s; 2 newName s
Merge: 1 previousE164 u
Switch: 1 e164 u
Learned: 1 e164 u; 2 username s
PollEnd: 1 targetSentTimestamp u; 2 question s
Call: 1 callId u; 2 type @UNKNOWN_TYPE,AUDIO_CALL,VIDEO_CALL; 3 direction @UNKNOWN_DIRECTION,INCOMING,OUTGOING; 4 state @UNKNOWN_STATE,ACCEPTED,NOT_ACCEPTED,MISSED,MISSED_NOTIFICATION_PROFILE; 5 startedCallTimestamp u
GroupCall: 1 callId u; 2 state @UNKNOWN_STATE,GENERIC,JOINED,RINGING,ACCEPTED,DECLINED,MISSED,MISSED_NOTIFICATION_PROFILE,OUTGOING_RING; 3 ringerRecipientId u; 4 startedCallRecipientId u; 5 startedCallTimestamp u; 6 endedCallTimestamp u
GroupChange: 1 updates *GroupUpdate
GroupUpdate: 1 genericGroupUpdate By; 2 groupCreationUpdate By; 3 groupNameUpdate NewName; 4 groupAvatarUpdate By; 5 groupDescriptionUpdate NewText; 6 groupMembershipAccessLevelChangeUpdate By; 7 groupAttributesAccessLevelChangeUpdate By; 8 groupAnnouncementOnlyChangeUpdate By; 9 groupAdminStatusUpdate Admin; 10 groupMemberLeftUpdate Left; 11 groupMemberRemovedUpdate Removed; 12 selfInvitedToGroupUpdate Inviter; 13 selfInvitedOtherUserToGroupUpdate Any; 14 groupUnknownInviteeUpdate Inviter; 15 groupInvitationAcceptedUpdate Accepted; 16 groupInvitationDeclinedUpdate Inviter; 17 groupMemberJoinedUpdate Joined; 18 groupMemberAddedUpdate Added; 19 groupSelfInvitationRevokedUpdate Revoker; 20 groupInvitationRevokedUpdate By; 21 groupJoinRequestUpdate Requestor; 22 groupJoinRequestApprovalUpdate Approval; 23 groupJoinRequestCanceledUpdate Requestor; 24 groupInviteLinkResetUpdate By; 25 groupInviteLinkEnabledUpdate By; 26 groupInviteLinkAdminApprovalUpdate By; 27 groupInviteLinkDisabledUpdate By; 28 groupMemberJoinedByLinkUpdate Joined; 29 groupV2MigrationUpdate Any; 30 groupV2MigrationSelfInvitedUpdate Any; 31 groupV2MigrationInvitedMembersUpdate Any; 32 groupV2MigrationDroppedMembersUpdate Any; 33 groupSequenceOfRequestsAndCancelsUpdate Requestor; 34 groupExpirationTimerUpdate GroupTimer; 35 groupMemberLabelAccessLevelChangeUpdate By; 36 groupTerminateChangeUpdate By
By: 1 updaterAci y
NewName: 1 updaterAci y; 2 newGroupName s
NewText: 1 updaterAci y; 2 newDescription s
Admin: 1 updaterAci y; 2 memberAci y; 3 wasAdminStatusGranted b
Left: 1 aci y
Removed: 1 removerAci y; 2 removedAci y
Inviter: 1 inviterAci y
Accepted: 1 inviterAci y; 2 newMemberAci y
Joined: 1 newMemberAci y
Added: 1 updaterAci y; 2 newMemberAci y; 3 hadOpenInvitation b; 4 inviterAci y
Revoker: 1 revokerAci y
Requestor: 1 requestorAci y
Approval: 1 requestorAci y; 2 updaterAci y; 3 wasApproved b
GroupTimer: 1 expiresInMs u; 2 updaterAci y
";

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Long,
    Number,
    Flag,
    Text,
    Bytes,
    Words(Vec<&'static str>),
    Message(&'static str),
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) repeats: bool,
}

/// Fields by their numbers.
pub(crate) type Message = HashMap<u64, Field>;

/// The fields of a message.
pub(crate) fn message(name: &str) -> Option<&'static Message> {
    static ALL: OnceLock<HashMap<&'static str, Message>> = OnceLock::new();
    ALL.get_or_init(|| TEXT.lines().filter_map(parse_line).collect()).get(name)
}

fn parse_line(line: &'static str) -> Option<(&'static str, Message)> {
    let (name, fields) = line.split_once(':')?;
    Some((name, fields.split(';').filter_map(parse_field).collect()))
}

fn parse_field(text: &'static str) -> Option<(u64, Field)> {
    let mut words = text.split_whitespace();
    let (number, name, kind) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
    let (repeats, kind) = kind.strip_prefix('*').map_or((false, kind), |kind| (true, kind));
    let kind = match kind {
        "u" => Kind::Long,
        "n" => Kind::Number,
        "b" => Kind::Flag,
        "s" => Kind::Text,
        "y" => Kind::Bytes,
        other => match other.strip_prefix('@') {
            Some(words) => Kind::Words(words.split(',').collect()),
            None => Kind::Message(other),
        },
    };
    Some((number, Field { name, kind, repeats }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_that_is_named_is_there() {
        let mut fields = 0;
        for line in TEXT.lines().filter(|line| !line.is_empty()) {
            let (_, message_fields) = parse_line(line).unwrap();
            for field in message_fields.values() {
                fields += 1;
                if let Kind::Message(name) = field.kind {
                    assert!(message(name).is_some(), "{name}");
                }
            }
        }
        assert!(fields > 200, "{fields}");
    }
}
