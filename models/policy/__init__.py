"""The admission policy: from a PD and what is known of the applicant to decision, limit, terms and conditions.

`terms.py` declares what a policy holds, `cut_offs.py` and `limits.py` the two calculations, `decision.py` puts them together,
`swap_set.py` compares two policies on one population. The PD never depends on the policy.
"""
