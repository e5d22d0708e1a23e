/* How nft prints what it lists. */
#ifndef KVMCTL_HOST_NFT_FORMAT_H
#define KVMCTL_HOST_NFT_FORMAT_H

enum nft_format {
	NFT_TEXT,
	NFT_JSON,
	NFT_JSON_NAMES /* sets without what is in them: ten thousand elements take longer than all the rest */
};

#endif
