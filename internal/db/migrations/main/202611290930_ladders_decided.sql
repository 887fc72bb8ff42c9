-- What a proposal came to is asked of the proposal.
drop table ladder_decided;
