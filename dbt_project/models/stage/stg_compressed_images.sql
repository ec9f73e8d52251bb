-- One row per JPEG, or per object without one; one batch wins for each object.

{{
    config(
        unique_key = 'sop_instance_uid',
        pre_hook = "{{ mark_stale('compressed_images') }}",
        post_hook = "{{ sweep_stale() }}"
    )
}}

with due as (
    select *
    from {{ source('stage', 'compressed_images') }}
    where {{ due_jpegs() }}
),

winners as (
    select
        sop_instance_uid,
        max(batch_token) as batch_token
    from due
    group by sop_instance_uid
),

compressed as (
    select due.*
    from due
    inner join winners
        on
            due.sop_instance_uid = winners.sop_instance_uid
            and due.batch_token = winners.batch_token
)

select
    {{ typed_columns('compressed') }}
from compressed
