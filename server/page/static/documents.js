// What the page asks of the API.

export const sendLoginCode = `mutation PageSendLoginCode($mobile: String!) {
  sendLoginCode(input: { mobile: $mobile }) { expiresIn userErrors { code message } }
}`;

export const login = `mutation PageLogin($mobile: String!, $code: String!, $channel: SignInChannel!) {
  login(input: { mobile: $mobile, code: $code, channel: $channel }) {
    accessToken refreshToken expiresIn userErrors { code message }
  }
}`;

export const loginWithChannel = `mutation PageLoginWithChannel($code: String!, $phone: ChannelPhoneInput!) {
  loginWithChannel(input: { channel: WECHAT_MINI, code: $code, phone: $phone, linkConsent: true }) {
    accessToken refreshToken expiresIn userErrors { code message }
  }
}`;

export const refreshToken = `mutation PageRefresh($refreshToken: String!) {
  refreshToken(input: { refreshToken: $refreshToken }) {
    accessToken refreshToken expiresIn userErrors { code message }
  }
}`;

const stay = `id plate lotName nameVisibility lot { code } enteredAt enteredAtPrecision exitedAt exitedAtPrecision
  durationMinutes feeFen state vehicle { id nickname plateColor }`;

const notice = `id kind lotName nameVisibility plate occurredAt occurredAtPrecision feeFen`;

export const viewer = `query PageViewer($own: Boolean!) {
  viewer {
    tier nextStep followedChannels boundPlates
    account { id mobile fullMask }
    vehicles { id plate plateColor nickname verified }
    sessions(first: 10) @include(if: $own) { edges { node { ${stay} } } pageInfo { hasNextPage endCursor } }
    notices(first: 12) @include(if: $own) { edges { node { ${notice} } } }
  }
}`;

export const sessions = `query PageSessions($first: Int!, $after: String) {
  viewer { sessions(first: $first, after: $after) { edges { node { ${stay} } } pageInfo { hasNextPage endCursor } } }
}`;

export const noticeReceived = `subscription PageNotices($after: String) {
  noticeReceived(after: $after) { cursor notice { ${notice} } }
}`;

export const lots = `query PageLots($first: Int!) {
  lots(first: $first) {
    edges { node {
      id code name city district address capacity barrier tariffText openingHours maxHeightCentimetres evBays accessibleBays
      position { latitude longitude } vacancy { band bays asOf } entrances { name address } pictures { altText }
    } }
    pageInfo { hasNextPage }
  }
}`;

export const quote = `query PageQuote($plate: Plate!, $lotCode: String!) {
  quote(input: { plateAtLot: { plate: $plate, lotCode: $lotCode } }) {
    __typename ... on Payable { amount expiresAt } ... on NothingToPay { expiresAt }
  }
}`;

export const bindPlate = `mutation PageBindPlate($plate: Plate!, $plateColor: PlateColor, $trackConsent: Boolean!) {
  bindPlate(input: { plate: $plate, plateColor: $plateColor, trackConsent: $trackConsent }) {
    vehicle { id } userErrors { code message }
  }
}`;

export const unbindPlate = `mutation PageUnbindPlate($vehicleId: ID!) {
  unbindPlate(input: { vehicleId: $vehicleId }) { userErrors { code message } }
}`;
